"""A training that diverges: the step, the figure and the layer are named, and what was saved is kept."""

import pickle
import re

import numpy as np
import pytest

import pydl
from pydl import cli, gan, nn, optim, train
from pydl.autograd.mode import _mode
from pydl.train.callbacks.saving import not_finite
from pydl.train.divergence import locate


def network():
    pydl.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))


def classifier(model, lr=0.1):
    return train.Classifier(model, optim.SGD(model.parameters(), lr=lr), nn.functional.cross_entropy)


def batches(count):
    rng = np.random.default_rng(0)
    return [
        (pydl.from_numpy(rng.random((4, 3), np.float32)), pydl.from_numpy(rng.integers(0, 2, 4))) for _ in range(count)
    ]


class Spoil(train.Callback):
    """Does something to the task after a step."""

    def __init__(self, step, action):
        self.step, self.action = step, action

    def on_step_end(self, loop):
        if loop.step == self.step:
            with pydl.no_grad():
                self.action(loop.task)


def diverge(task, action, tmp_path, at=5):
    callbacks = [Spoil(at, action), train.PeriodicCheckpoint(tmp_path / "c", every=2)]
    with pytest.raises(train.DivergenceError) as caught:
        train.fit(task, batches(9), 1, callbacks=callbacks)
    assert pydl.load(tmp_path / "c")["progress"]["step"] == at - at % 2
    return caught.value


def test_an_output_that_overflows_names_its_layer(tmp_path):
    task = classifier(network())
    error = diverge(task, lambda t: (t.model[0].bias.fill_(9.0), t.model[2].weight.fill_(3e38)), tmp_path)
    assert (error.step, error.figure, error.layer) == (6, "loss", "model.2")
    assert "step 6 (epoch 1); it began with the output of model.2 (Linear), which held" in str(error)
    assert all(np.isfinite(p.detach().numpy()).all() for p in task.model.parameters())
    assert not any(layer._forward_hooks for layer in task.model.modules())


def test_a_parameter_that_is_not_finite_names_its_layer(tmp_path):
    error = diverge(classifier(network()), lambda t: t.model[4].bias.fill_(np.inf), tmp_path)
    assert error.layer == "model.4"
    assert "the update of model.4.bias, whose gradient was finite" in str(error)


def test_a_running_statistic_that_is_not_finite_names_its_layer(tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).eval()
    error = diverge(classifier(model), lambda t: t.model[1].running_var.fill_(np.nan), tmp_path)
    assert error.layer == "model.1"


def test_an_output_that_spoils_a_running_statistic_is_named_and_not_the_statistic(tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    error = diverge(classifier(model), lambda t: (t.model[0].bias.fill_(9.0), t.model[2].weight.fill_(3e38)), tmp_path)
    assert error.layer == "model.2"
    assert not np.isfinite(model[3].running_mean.numpy()).all()


class Between(nn.Module):
    """e^x of a layer's output: what overflows is in no layer of its own."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        return pydl.exp(self.inner(x))


def test_what_overflows_between_layers_names_what_holds_them(tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), Between(), nn.Linear(4, 2))
    error = diverge(classifier(model), lambda t: t.model[1].inner.bias.fill_(99.0), tmp_path)
    assert error.layer == "model.1"


class Root(nn.Module):
    """|x| by a way whose gradient at 0 is inf · 0."""

    def forward(self, x):
        return pydl.sqrt(x * x)


def test_a_gradient_that_is_not_finite_names_the_layer_before_it():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4), Root(), nn.Linear(4, 2))
    with pydl.no_grad():
        model[1].weight.fill_(0.0)
        model[1].bias.fill_(0.0)
    with pytest.raises(train.DivergenceError) as caught:
        train.fit(classifier(model), batches(3), 1)
    assert (caught.value.step, caught.value.layer) == (2, "model.1")
    assert "it began with the gradient of model.1" in str(caught.value)


def test_data_that_are_not_finite_are_named():
    bad = [*batches(2), (pydl.full((4, 3), float("nan")), pydl.from_numpy(np.zeros(4, np.int64)))]
    with pytest.raises(
        train.DivergenceError, match=r"step 3 \(epoch 1\); the batch itself holds inf or nan, in its arr"
    ):
        train.fit(classifier(network()), bad, 1)


def test_a_loss_that_is_at_fault_itself():
    task = classifier(network())
    task.loss = lambda scores, targets: (scores * 0.0).sum() / 0.0
    with pytest.raises(train.DivergenceError, match="outputs of all layers were finite") as caught:
        train.fit(task, batches(1), 1)
    assert caught.value.layer == ""
    where = r"the result of Div in test_a_loss\S*<lambda> \(test_divergence\.py, line \d+\), which held nan"
    assert re.search(where, str(caught.value))


class Masked(nn.Module):
    """A softmax that leaves out the first column: -inf that does no harm."""

    def forward(self, x):
        mask = pydl.tensor([True, False])
        return nn.functional.softmax(x.masked_fill(mask, -np.inf), 1)


@pytest.mark.parametrize("capture", [False, True])
def test_the_operation_of_the_loss_is_the_one_that_began_it(capture):
    def steep(scores, targets):
        return (scores * 3e38).square().mean()

    def plain(scores, targets):
        return scores.square().mean()

    model = nn.Sequential(nn.Linear(3, 2), Masked())
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = [plain]
    task = train.Classifier(model, optimizer, lambda s, t: losses[-1](s, t), capture=capture)
    exchange = Spoil(6, lambda t: (losses.append(steep), setattr(t, "_update", t._descend)))
    with pytest.raises(train.DivergenceError, match=r"with the result of Square in \S*steep \(") as caught:
        train.fit(task, batches(9), 1, callbacks=[exchange])
    assert (caught.value.step, caught.value.layer) == (7, "")
    assert _mode.trace is None


@pytest.mark.parametrize("capture", [False, True])
def test_a_penalty_that_overflows_is_named(capture):
    pydl.manual_seed(0)
    sizes = (2, 3), (3, 1)
    networks = [nn.Sequential(nn.Linear(n, 4), nn.LeakyReLU(), nn.Linear(4, out)) for n, out in sizes]
    optimizers = [optim.SGD(n.parameters(), lr=0.0) for n in networks]
    penalties = [gan.gradient_penalty(1.0)]
    task = gan.GANTask(*networks, *optimizers, gan.Noise(2), penalties=penalties, capture=capture)
    steepen = Spoil(6, lambda t: (t.discriminator[0].weight.fill_(1e16), t.discriminator[2].weight.fill_(1e16)))
    with pytest.raises(train.DivergenceError) as caught:
        train.fit(task, batches(9), 1, callbacks=[steepen])
    text = str(caught.value)
    assert "got loss_d = inf at step 7 (epoch 1); the outputs of all layers were finite in one more" in text
    assert re.search(r"in the loss, with the result of \w+ in (slopes|gradient_penalty\.penalty) \(penalties\.py", text)


@pytest.mark.parametrize("which", ["generator", "discriminator"])
def test_either_network_of_a_gan_is_named(tmp_path, which):
    pydl.manual_seed(0)
    networks = [nn.Sequential(nn.Linear(size, 4), nn.ReLU(), nn.Linear(4, out)) for size, out in ((2, 3), (3, 1))]
    optimizers = [optim.SGD(n.parameters(), lr=0.01) for n in networks]
    task = gan.GANTask(*networks, *optimizers, gan.Noise(2))

    def overflow(task):
        first, last = getattr(task, which)[0], getattr(task, which)[2]
        first.bias.fill_(9.0)
        last.weight.fill_(3e38)

    error = diverge(task, overflow, tmp_path, at=4)
    assert error.layer == f"{which}.2"
    assert error.figure in ("loss_d", "loss_g")


def test_a_step_of_ones_own_is_located_afterwards():
    class Careless(train.Classifier):
        def step(self, batch):
            loss = self.loss(self.model(batch[0]), batch[1]) * float("nan")
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            return {"loss": float(loss.item())}

    model = network()
    with pytest.raises(train.DivergenceError, match=r"it began with the gradient of model\.4\.bias"):
        train.fit(Careless(model, optim.SGD(model.parameters(), lr=0.1), nn.functional.cross_entropy), batches(1), 1)


def test_an_optimizer_that_is_not_finite_names_its_layer_before_it_is_saved(tmp_path):
    """g² overflows where g does not: losses and parameters stay finite."""
    model = network()
    task = train.Classifier(model, optim.Adam(model.parameters()), lambda scores, targets: scores.sum() * 1e25)
    with pytest.raises(train.DivergenceError, match=r"got inf or nan in optimizer\.state\..* at step 1, wh") as caught:
        train.fit(task, batches(9), 1, callbacks=[train.PeriodicCheckpoint(tmp_path / "c", every=1)])
    assert (caught.value.step, caught.value.layer) == (1, "model.0")
    assert pydl.load(tmp_path / "c")["progress"]["step"] == 0


def test_a_state_found_late_says_between_which_steps_it_began(tmp_path):
    """The bias of no use is not in the loss; the state is looked at after the steps 1, 2, 4, 8, … and each epoch."""

    def found(at, epochs=1, **options):
        task = classifier(network())
        task.aside = nn.Linear(1, 1)
        task.state_dict = lambda: {"aside": task.aside.state_dict()}
        task.load_state_dict = lambda state: task.aside.load_state_dict(state["aside"])
        spoil = Spoil(at, lambda t: t.aside.bias.fill_(np.inf))
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        with pytest.raises(train.DivergenceError, match=r"inf or nan in aside\.bias ") as caught:
            train.fit(task, batches(9), epochs, callbacks=[spoil, train.PeriodicCheckpoint(path, **options)])
        assert caught.value.layer == "aside"
        assert np.isfinite(pydl.load(path)["task"]["aside"]["bias"].numpy()).all()
        return caught.value

    for at, since, step in ((1, 0, 1), (2, 1, 2), (3, 2, 4), (5, 4, 8), (6, 4, 8), (9, 8, 9)):
        error = found(at)
        assert (error.since, error.step) == (since, step)
        between = f"between step {since}, when all was finite, and step {step}, which"
        assert (f"at step {step}, which" if step == since + 1 else between) in str(error)
    error = found(12, epochs=2)
    assert (error.since, error.step) == (9, 16)
    error = found(7, every=3)
    assert (error.since, error.step) == (6, 8)


def test_a_resumption_from_a_state_that_is_not_finite_stops_at_once(tmp_path):
    task, path = classifier(network()), tmp_path / "c"
    train.fit(task, batches(3), 1, callbacks=[train.PeriodicCheckpoint(path)])
    state = pydl.load(path)
    state["task"]["model"]["4.bias"] = pydl.full((2,), float("nan"))
    with pytest.raises(train.DivergenceError, match=r"inf or nan in model\.4\.bias at step 3") as caught:
        train.fit(task, batches(3), 2, callbacks=[train.PeriodicCheckpoint(path)], start=state)
    assert (caught.value.step, caught.value.since) == (3, None)


def test_a_sum_that_overflows_is_no_divergence():
    assert not_finite({"a": [np.full(9, 3e38, np.float32), pydl.full((3,), -3e38)]}) == ""
    for value in (np.inf, -np.inf, np.nan):
        assert not_finite({"a": [np.zeros(2), np.array([3e38, value, -3e38], np.float32)]}) == "a.1"
    assert not_finite({"a": np.array([np.inf, -np.inf])}) == "a"


def test_the_error_survives_pickling():
    error = train.DivergenceError("text", "loss", 2.0, 3, "model.0", 1).told(" and more")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == "text and more"
    assert (again.figure, again.value, again.step, again.layer, again.since) == ("loss", 2.0, 3, "model.0", 1)


def test_locate_without_networks_does_no_further_step(toy):
    task = toy()
    assert locate(task, [np.ones(3)])[0] == ""
    assert task.count == 0


def test_the_command_fails_with_one_line(tmp_path, capsys):
    out = str(tmp_path / "run")
    options = ["--lr", "1e20", "--epochs", "9", "--data", "iris", "--hidden", "8,8,8", "--out", out]
    assert cli.main(["train", "mlp", *options]) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert error[0].startswith("pydl: [fit] expected a finite loss, got loss = ")
    assert "it began with the" in error[0]
    assert error[0].endswith("run/checkpoint.safetensors holds the last good state")
    assert pydl.load(tmp_path / "run" / "checkpoint.safetensors")["progress"]["step"] == 0
