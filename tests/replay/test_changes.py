"""What happens between two calls, or to the memory of arguments: a captured step sees it as an eager one does."""

import copy

import numpy as np
import pytest

import pydl
import pydl.nn.functional as F
from pydl import nn

AT = 6  # the call before which something changes


def batch(i):
    rng = np.random.default_rng(i)
    return pydl.tensor(rng.standard_normal((6, 4)).astype("float32")), pydl.tensor(rng.integers(0, 3, 6))


def mlp():
    return nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3))


def training(net, optimizer, reset=None):
    def step(x, y, *more):
        if reset is not None:
            reset()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss + sum((t * t).sum() for t in more)

    return step


CALLS = [batch(i) for i in range(12)]


def hook_swapped(net, optimizer):
    held = [net[0].register_forward_hook(lambda module, args, y: y * 1.5)]

    def change():
        held[0].remove()
        net[0].register_forward_hook(lambda module, args, y: y * 2.0)

    return change


def gradient_hook_swapped(net, optimizer):
    held = [net[0].weight.register_hook(lambda grad: grad * 1.5)]

    def change():
        held[0].remove()
        net[0].weight.register_hook(lambda grad: grad * 2.0)

    return change


CHANGES = {
    "module added": lambda net, optimizer: lambda: net.append(nn.Tanh()) and None,
    "option of a module": lambda net, optimizer: lambda: setattr(net[1], "p", 0.1),
    "hook swapped": hook_swapped,
    "gradient hook": lambda net, optimizer: lambda: net[0].weight.register_hook(lambda grad: grad * 2.0) and None,
    "gradient hook swapped": gradient_hook_swapped,
    "groups in another order": lambda net, optimizer: optimizer.param_groups.reverse,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_calls_makes_another_recording(same, change):
    def make():
        net = mlp()
        groups = [{"params": net[0].parameters(), "lr": 0.1}, {"params": net[2].parameters(), "lr": 0.01}]
        optimizer = pydl.optim.SGD(groups, lr=0.1)
        happens = CHANGES[change](net, optimizer)
        return training(net, optimizer, optimizer.zero_grad), [net], lambda i: happens() if i == AT else None

    same(make, CALLS, recordings=2)


class Scaled(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.factor = factor

    def forward(self, x):
        return self.layer(x) * (1.0 + float(self.factor))


@pytest.mark.parametrize(("before", "after"), [(False, True), (np.float32(1), np.float32(2))])
def test_an_option_of_a_module_that_is_a_switch_or_a_number_of_numpy(same, before, after):
    def make():
        net = Scaled(before)
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)

        def change(i):
            if i == AT:
                net.factor = after

        return training(net, optimizer, optimizer.zero_grad), [net], change

    same(make, CALLS, recordings=2)


def test_a_parameter_replaced_that_is_read_without_calling_its_module(same):
    def make():
        net, kept = nn.Linear(4, 3), []

        def change(i):
            if i == AT:
                kept.append(net.weight)
                net.weight = nn.Parameter(pydl.ones(3, 4))

        return lambda x, y: F.cross_entropy(F.linear(x, net.weight), y), [net], change

    same(make, CALLS, recordings=2)


def test_gradients_that_are_no_longer_forgotten_between_calls(same):
    def make():
        net = mlp()
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)
        return training(net, optimizer), [net, optimizer], lambda i: optimizer.zero_grad() if i < AT else None

    same(make, CALLS, recordings=1, refused="adds to a gradient of an earlier step")


def test_gradients_forgotten_by_hand(same):
    def make():
        net = mlp()

        def reset():
            for parameter in net.parameters():
                parameter.grad = None

        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)
        return training(net, optimizer, reset), [net, optimizer], lambda i: None

    same(make, CALLS, recordings=1)


def test_a_parameter_of_the_optimizer_that_is_given_a_gradient_later(same):
    def make():
        net, other = mlp(), nn.Linear(2, 2)
        optimizer = pydl.optim.SGD([*net.parameters(), *other.parameters()], lr=0.1)

        def change(i):
            if i == AT:
                other.weight.grad = pydl.ones(2, 2)

        return training(net, optimizer, net.zero_grad), [net, other, optimizer], change

    same(make, CALLS, recordings=1, refused="uses a gradient from outside")


def test_gradients_that_the_step_clips_or_forgets_and_does_not_make(same):
    def make():
        net, clipped, forgotten = mlp(), nn.Linear(2, 2), nn.Linear(2, 2)
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)

        def step(x, y):
            optimizer.zero_grad()
            forgotten.zero_grad()
            F.cross_entropy(net(x), y).backward()
            norm = nn.utils.clip_grad_norm_([*net.parameters(), *clipped.parameters()], 0.1)
            optimizer.step()
            return norm

        def change(i):
            if i >= AT:
                clipped.weight.grad = pydl.ones(2, 2)
            if i >= AT - 1:
                forgotten.weight.grad = pydl.ones(2, 2)

        return step, [net, clipped, forgotten, optimizer], change

    same(make, CALLS, refused="from outside")


def test_frozen_to_and_fro(same):
    def make():
        net = mlp()
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)

        def change(i):
            net[0].weight.requires_grad_(i % 4 < 2)

        return training(net, optimizer, optimizer.zero_grad), [net, optimizer], change

    same(make, CALLS, recordings=2)


@pytest.mark.parametrize("of", ["parameter", "part", "buffer"])
def test_an_argument_in_the_memory_of_what_the_step_changes(same, of):
    def make():
        net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)
        shared = {
            "parameter": net[0].weight.detach(),
            "part": net[0].weight.detach()[1:],
            "buffer": net[1].running_mean,
        }[of]
        return training(net, optimizer, optimizer.zero_grad), [net, optimizer], lambda i: (shared,)

    same(make, CALLS, recordings=0, refused="shares memory")


def test_an_argument_that_comes_to_share_the_memory_of_a_parameter(same):
    def make():
        net = mlp()
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)
        shared, apart = net[0].weight.detach(), pydl.ones(8, 4)
        step = training(net, optimizer, optimizer.zero_grad)
        return step, [net, optimizer], lambda i: (shared if i >= AT else apart,)

    same(make, CALLS, recordings=1, refused="shares memory")


@pytest.mark.parametrize("number", [-0.0, float("nan")])
def test_numbers_that_equality_does_not_tell(same, number):
    calls = [(pydl.ones(3), value) for value in (0.0,) * 4 + (number,) * 4]
    same(lambda: (lambda x, number: x * number, []), calls, recordings=2)


def test_a_step_within_a_step_has_results_outside_the_graph(same):
    def make():
        net, head = mlp(), nn.Linear(3, 3)
        optimizer = pydl.optim.SGD([*net.parameters(), *head.parameters()], lr=0.1)
        inner = pydl.capture(lambda x: net(x))
        return training(lambda x: head(inner(x)), optimizer, optimizer.zero_grad), [net, head, optimizer]

    same(make, [batch(i) for i in range(8)])


def test_an_argument_that_is_made_to_require_a_gradient(same):
    """Who called finds the gradient there."""

    def make():
        net, seen = nn.Linear(4, 2), pydl.zeros(6, 4)
        net.register_buffer("seen", seen)
        inputs = [batch(i)[0] for i in range(8)]

        def step(x):
            x.requires_grad_()
            (net(x) ** 2).sum().backward(inputs=[x])

        def change(i):
            if i:
                seen.add_(inputs[i - 1].grad)
            return (inputs[i],)

        return step, [net], change

    same(make, [()] * 8, recordings=0, refused="require a gradient")


def test_a_method_decorated_in_its_class():
    class Trainer:
        factor = 3.0

        @pydl.capture
        def step(self, x):
            return x * self.factor

    with pytest.warns(UserWarning, match="arguments hold Trainer"):
        assert Trainer().step(pydl.ones(2)).tolist() == [3.0, 3.0]


def test_gradients_that_the_step_does_not_touch(same):
    def make():
        net, head = mlp(), nn.Linear(3, 3)
        optimizer = pydl.optim.SGD(head.parameters(), lr=0.1)

        def model(x):
            with pydl.no_grad():
                features = net(x)
            return head(features)

        def change(i):
            if i == AT:
                net[0].weight.grad = pydl.ones(8, 4)

        return training(model, optimizer, optimizer.zero_grad), [net, head, optimizer], change

    same(make, CALLS)


def test_a_copy_of_what_holds_a_step_works_on_its_own_parts():
    class Trainer:
        def __init__(self):
            self.net = nn.Linear(2, 1)
            self.step = pydl.capture(self.update)

        def update(self, x):
            with pydl.no_grad():
                self.net.weight.add_(1.0)
                return self.net(x)

    trainer, x = Trainer(), pydl.ones(1, 2)
    for _ in range(4):
        before = trainer.step(x).item()
    twin = copy.deepcopy(trainer)
    for i in range(1, 6):
        assert twin.step(x).item() == pytest.approx(before + 2.0 * i, abs=1e-5)
    assert (trainer.step.recordings, twin.step.recordings) == (1, 1)
    assert trainer.step(x).item() == pytest.approx(before + 2.0, abs=1e-5)
