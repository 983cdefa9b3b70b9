"""What is not recorded runs as ever, and a warning says why, once."""

import numpy as np
import pytest

import pydl
from pydl import nn

x = pydl.ones(3)


def bare(step):
    return lambda: (step, [])


REFUSED = {
    "item": (lambda: x * x.sum().item(), "reads a value"),
    "bool": (lambda: x * 2.0 if (x > 0).all() else x, "reads a value"),
    "float": (lambda: x * float(x.sum()), "reads a value"),
    "numpy": (lambda: x + float(x.numpy()[0]), "reads a value"),
    "tolist": (lambda: (x * 2.0).tolist(), "reads a value"),
    "repr": (lambda: repr(x * 2.0), "reads a value"),
    "iteration over a mask": (lambda: x[x > 0], "depends on values"),
    "an array": (lambda: x + pydl.from_numpy(np.ones(3, np.float32)), "from an array"),
    "a tensor anew": (lambda: pydl.tensor(x), "from another"),
    "a permutation": (lambda: pydl.randperm(4), "permutation"),
    "a seed": (lambda: pydl.manual_seed(1) and pydl.randn(2), "seeds"),
    "an object": (lambda: {1, 2}, "object of type set"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(same, name):
    step, reason = REFUSED[name]
    same(bare(step), [()] * 5, recordings=0, refused=reason)


def test_an_argument_that_is_no_tensor_or_number(same):
    same(bare(lambda a: x * 2.0), [(np.ones(2),)] * 4, recordings=0, refused="arguments hold ndarray")


def test_an_argument_changed_in_place(same):
    calls = [(pydl.ones(2) * float(i),) for i in range(5)]
    same(bare(lambda a: a.mul_(-1.0).abs()), calls, recordings=0, refused="argument")
    assert [a.tolist() for (a,) in calls] == [[float(i)] * 2 for i in range(5)]  # once in each of the two runs


def test_a_gradient_added_to_one_of_an_earlier_step(same):
    def make():
        net = nn.Linear(3, 2)

        def step(x):
            loss = net(x).square().sum()
            loss.backward()
            return loss

        return step, [net]

    same(make, [(pydl.ones(4, 3),)] * 5, recordings=0, refused="zero_grad")


def test_two_backwards_in_one_step_are_added(same):
    def make():
        net = nn.Linear(3, 2)
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)

        def step(x):
            optimizer.zero_grad()
            for part in x.split(2):
                net(part).square().sum().backward()
            optimizer.step()

        return step, [net, optimizer]

    same(make, [(pydl.ones(4, 3) * float(i),) for i in range(6)])


def training(net, optimizer, before=lambda: None):
    def step(x):
        before()
        optimizer.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return step, [net, optimizer]


@pytest.mark.parametrize("what", ["schedule", "mode", "load", "data", "hook"])
def test_what_changes_more_than_memory(same, what):
    def make():
        net = nn.Linear(3, 2)
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)
        schedule = pydl.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        actions = {
            "schedule": schedule.step,
            "mode": net.train,
            "load": lambda: net.load_state_dict(net.state_dict()),
            "data": lambda: setattr(net.weight, "data", net.weight.data * 0.5),
            "hook": lambda: None,
        }
        if what == "hook":
            optimizer.register_step_post_hook(lambda *args: None)
        return training(net, optimizer, actions[what])

    words = {"mode": "train()", "load": "loads a state", "data": "another array"}
    same(make, [(pydl.ones(4, 3) * float(i),) for i in range(6)], recordings=0, refused=words.get(what, what))


def test_a_number_that_changes_from_call_to_call_is_found_by_the_verification(same):
    def make():
        count = [0]

        def step(a):
            count[0] += 1
            return a * float(count[0])

        return step, []

    same(make, [(pydl.ones(2),)] * 6, recordings=0, refused="other bits")


def test_arguments_that_never_repeat(same):
    same(bare(lambda i: x * float(i)), [(i,) for i in range(200)], recordings=0, refused="hardly ever repeat")


def test_an_argument_that_requires_a_gradient(same):
    w = pydl.ones(3, requires_grad=True)
    same(bare(lambda a: (a * 2.0).detach()), [(w,)] * 4, recordings=0, refused="requires a gradient")


def test_a_gradient_from_outside_the_step(same):
    def make():
        net = nn.Linear(3, 2)
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.1)
        net.weight.grad = pydl.ones(2, 3)
        return optimizer.step, [net, optimizer]

    same(make, [()] * 5, recordings=0, refused="a gradient from outside")


def test_a_tensor_that_is_rebound_is_noticed():
    class Trainer:
        def __init__(self):
            self.batch = pydl.ones(3)

        def step(self):
            return self.batch * 2.0

    trainer = Trainer()
    step = pydl.capture(trainer.step)
    for i in range(12):
        if i >= 5:
            trainer.batch = pydl.ones(3) * float(i // 4)
        assert step().tolist() == (trainer.batch * 2.0).tolist()


def test_capture_wants_a_function():
    with pytest.raises(TypeError, match="expected a function"):
        pydl.capture(3)
