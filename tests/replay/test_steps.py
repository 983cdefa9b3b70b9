"""What a replay does as the function does: optimizers, schedules, random numbers, modes, shapes."""

import numpy as np
import pytest

import pydl
from pydl import nn
from pydl.nn import functional as F

CALLS = 24


def batches(count=CALLS, rows=6, features=4, seed=0):
    rng = np.random.default_rng(seed)
    return [
        (pydl.from_numpy(rng.standard_normal((rows, features), np.float32)), pydl.from_numpy(rng.integers(0, 3, rows)))
        for _ in range(count)
    ]


def training(net, optimizer, loss=F.cross_entropy):
    def step(x, y):
        optimizer.zero_grad()
        value = loss(net(x), y)
        value.backward()
        optimizer.step()
        return value

    return step, [net, optimizer]


def mlp(*extra):
    return nn.Sequential(nn.Linear(4, 16), *extra, nn.Tanh(), nn.Linear(16, 3))


OPTIMIZERS = {
    "sgd": lambda p: pydl.optim.SGD(p, lr=0.1),
    "momentum": lambda p: pydl.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True),
    "rmsprop": lambda p: pydl.optim.RMSprop(p, lr=0.01),
    "rmsprop-centered": lambda p: pydl.optim.RMSprop(p, lr=0.01, momentum=0.9, centered=True),
    "adam": lambda p: pydl.optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: pydl.optim.Adam(p, lr=0.01, amsgrad=True, weight_decay=0.01),
    "adamw": lambda p: pydl.optim.AdamW(p, lr=0.01),
    "adagrad": lambda p: pydl.optim.Adagrad(p, lr=0.1, lr_decay=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(same, name):
    def make():
        net = mlp()
        return training(net, OPTIMIZERS[name](net.parameters()))

    same(make, batches())


def test_several_groups_and_a_parameter_that_gets_no_gradient(same):
    def make():
        net = mlp()
        net.spare = nn.Parameter(pydl.ones(2))
        groups = [{"params": net[0].parameters(), "lr": 0.1}, {"params": [*net[2].parameters(), net.spare]}]
        return training(net, pydl.optim.Adam(groups, lr=0.01))

    same(make, batches())


def test_double_precision(same):
    def make():
        net = mlp().double()
        return training(net, pydl.optim.Adam(net.parameters()))

    same(make, [(x.double(), y) for x, y in batches()])


@pytest.mark.parametrize("layers", [[nn.Dropout(0.4)], [nn.BatchNorm1d(16)], [nn.BatchNorm1d(16), nn.Dropout(0.2)],
                                    [nn.LayerNorm(16)], [nn.PReLU(), nn.Softplus()]], ids=str)  # fmt: skip
def test_layers(same, layers):
    def make():
        net = mlp(*(type(layer)(*([16] if "Norm" in type(layer).__name__ else [])) for layer in layers))
        return training(net, pydl.optim.Adam(net.parameters()))

    same(make, batches())


def test_a_schedule_between_steps():
    def make():
        net = mlp()
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        schedule = pydl.optim.lr_scheduler.StepLR(optimizer, 3, 0.5)
        step, parts = training(net, optimizer)
        return step, [*parts, schedule]

    def run(captured):
        pydl.manual_seed(3)
        step, (net, _, schedule) = make()
        step = pydl.capture(step) if captured else step
        losses = []
        for x, y in batches():
            losses.append(step(x, y).item())
            schedule.step()
        return losses, [p.detach().numpy().tobytes() for p in net.parameters()], getattr(step, "recordings", 1)

    assert run(True) == run(False)


@pytest.mark.parametrize("option", [("lr", 0.5), ("momentum", 0.5), ("weight_decay", 0.1), ("maximize", True)])
def test_options_changed_between_steps(option):
    name, value = option

    def run(captured):
        pydl.manual_seed(3)
        net = mlp()
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        step, _ = training(net, optimizer)
        step = pydl.capture(step) if captured else step
        losses = []
        for i, (x, y) in enumerate(batches()):
            if i == 10:
                optimizer.param_groups[0][name] = value
            losses.append(step(x, y).item())
        return losses, getattr(step, "recordings", 1)

    assert run(True) == run(False)


def test_an_option_that_is_wrong_is_an_error_as_ever():
    net = mlp()
    optimizer = pydl.optim.Adam(net.parameters())
    step = pydl.capture(training(net, optimizer)[0])
    for x, y in batches(5):
        step(x, y)
    optimizer.param_groups[0]["lr"] = -1.0
    before = [p.detach().numpy().copy() for p in net.parameters()]
    with pytest.raises(ValueError, match="expected lr"):
        step(x, y)
    assert all((p.detach().numpy() == b).all() for p, b in zip(net.parameters(), before, strict=True))
    assert optimizer.state[net[0].weight]["step"] == 5


def test_a_smaller_last_batch_has_a_recording_of_its_own(same):
    def make():
        net = mlp(nn.BatchNorm1d(16))
        return training(net, pydl.optim.Adam(net.parameters()))

    calls = [call for epoch in range(6) for call in (*batches(4, seed=epoch), *batches(1, rows=3, seed=epoch))]
    assert same(make, calls, recordings=2).recordings == 2


def test_more_shapes_than_are_recorded_run_eagerly_and_say_so_once(same):
    def make():
        net = mlp()
        return training(net, pydl.optim.Adam(net.parameters()))

    calls = [call for rows in range(1, 11) for call in batches(4, rows=rows)]
    same(make, calls, recordings=8, refused="8 recordings of other shapes")


def test_modes_have_recordings_of_their_own():
    def make():
        net = mlp(nn.BatchNorm1d(16), nn.Dropout(0.5))
        return training(net, pydl.optim.Adam(net.parameters()))

    def run(captured):
        pydl.manual_seed(3)
        step, (net, _) = make()
        step = pydl.capture(step) if captured else step
        losses = []
        for i, (x, y) in enumerate(batches(30)):
            net.train(i % 10 < 5)
            losses.append(step(x, y).item())
        return losses, [p.detach().numpy().tobytes() for p in (*net.parameters(), *net.buffers())], step

    eager, captured = run(False), run(True)
    assert eager[:2] == captured[:2]
    assert captured[2].recordings == 2


def test_data_replaced_between_steps():
    def run(captured):
        pydl.manual_seed(3)
        net = mlp()
        step, _ = training(net, pydl.optim.Adam(net.parameters()))
        step = pydl.capture(step) if captured else step
        losses = []
        for i, (x, y) in enumerate(batches()):
            if i == 12:
                net[0].weight.data = net[0].weight.data * 0.5
            losses.append(step(x, y).item())
        return losses, step

    eager, captured = run(False), run(True)
    assert eager[0] == captured[0]
    assert captured[1].recordings == 2


@pytest.mark.parametrize("change", ["freeze", "state", "optimizer_state", "clear"])
def test_other_changes_between_steps(change):
    def run(captured):
        pydl.manual_seed(3)
        net = mlp()
        optimizer = pydl.optim.Adam(net.parameters())
        step, _ = training(net, optimizer)
        step = pydl.capture(step) if captured else step
        losses = []
        for i, (x, y) in enumerate(batches()):
            if i == 5:
                saved = {k: v.clone() for k, v in net.state_dict().items()}
            if i == 12 and change == "freeze":
                net[0].requires_grad_(False)
            if i == 12 and change == "state":
                net.load_state_dict(saved)
            if i == 12 and change == "optimizer_state":
                optimizer.load_state_dict(optimizer.state_dict())
            if i == 12 and change == "clear":
                optimizer.state.clear()
            losses.append(step(x, y).item())
        return losses, [p.detach().numpy().tobytes() for p in net.parameters()]

    assert run(True) == run(False)


def test_gradients_are_those_of_eager_though_dropped_between_steps():
    def run(captured):
        pydl.manual_seed(3)
        net = mlp()
        optimizer = pydl.optim.Adam(net.parameters())
        step, _ = training(net, optimizer)
        step = pydl.capture(step) if captured else step
        grads = []
        for x, y in batches(8):
            step(x, y)
            grads.append([p.grad.numpy().tobytes() for p in net.parameters()])
            optimizer.zero_grad()
        return grads

    assert run(True) == run(False)


def test_random_numbers_go_on_where_eager_stops():
    def step():
        return pydl.randn(5), F.dropout(pydl.ones(7), 0.5), pydl.randint(0, 9, (4,)), pydl.rand(3, dtype="float64")

    captured = pydl.capture(step)
    runs = []
    for order in ("ee" * 6, "cc" * 6, "cccccecececc"):
        pydl.manual_seed(5)
        runs.append([[x.tolist() for x in (captured if kind == "c" else step)()] for kind in order])
        runs[-1].append(pydl.randn(3).tolist())
    assert runs[0] == runs[1] == runs[2]
    assert captured.recordings == 1


def test_generators_of_their_own(same):
    def make():
        first, second = pydl.Generator(1), pydl.Generator(1)
        return (lambda: pydl.randn(3, generator=first) + pydl.rand(3, generator=second) + pydl.rand(3)), []

    same(make, [()] * 8)


def test_numbers_among_the_arguments_are_part_of_what_is_recorded(same):
    def make():
        weight = pydl.ones(3)
        return (lambda x, factor, name=None: weight * x * factor), []

    calls = [(pydl.ones(3) * float(i), factor, name) for i in range(8) for factor, name in ((2.0, None), (3.0, "a"))]
    same(make, calls, recordings=2)


def test_nested_arguments_and_results(same):
    def make():
        return (lambda pair, extra: {"sum": pair[0] + pair[1][0], "rest": (extra["k"] * 2.0, 7, None, [pair[0]])}), []

    calls = [(((pydl.ones(2) * float(i)), [pydl.ones(2)]), {"k": pydl.ones(1) * float(i)}) for i in range(6)]
    calls = [((a, b), c) for (a, b), c in calls]
    same(make, calls)


def test_a_gradient_penalty_in_the_step(same):
    def make():
        net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
        optimizer = pydl.optim.Adam(net.parameters())

        def step(x, y):
            points = x.detach().requires_grad_()
            (slope,) = pydl.grad(net(points).sum(), points, create_graph=True)
            loss = ((slope.norm(2, 1) - 1.0) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return step, [net, optimizer]

    same(make, batches())


def test_a_part_of_a_batch_and_channels_last_inputs(same):
    rng = np.random.default_rng(0)
    images = [pydl.from_numpy(rng.standard_normal((4, 5, 5, 2), np.float32)).permute(0, 3, 1, 2)[::2] for _ in range(6)]

    def make():
        net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)

        def step(x):
            optimizer.zero_grad()
            loss = net(x).square().mean()
            loss.backward()
            optimizer.step()
            return loss

        return step, [net, optimizer]

    same(make, [(x,) for x in images])


def test_clipped_gradients(same):
    def make():
        net = mlp()
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)

        def step(x, y):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            norm = nn.utils.clip_grad_norm_(net.parameters(), 0.1)
            nn.utils.clip_grad_value_(net.parameters(), 0.01)
            optimizer.step()
            return norm

        return step, [net, optimizer]

    same(make, batches())


def test_spectral_normalisation_moves_its_vectors(same):
    def make():
        net = nn.Sequential(nn.utils.spectral_norm(nn.Linear(4, 8)), nn.ReLU(), nn.Linear(8, 3))
        return training(net, pydl.optim.Adam(net.parameters()))

    same(make, batches())


def test_tensors_from_outside_that_are_read_only_or_changed_in_place(same):
    def make():
        frozen = np.arange(3, dtype=np.float32)
        frozen.setflags(write=False)
        frozen, table = pydl.from_numpy(frozen), pydl.ones(3)

        def step(x):
            table.add_(x)
            table[1:] = x[:2] * 2.0
            return frozen * x + table

        return step, [{"table": table}]

    class Part(dict):
        state_dict = dict.copy

    def parts():
        step, (state,) = make()
        return step, [Part(state)]

    same(parts, [(pydl.ones(3) * float(i),) for i in range(8)])
