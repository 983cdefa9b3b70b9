"""Gradients and stored tensors through the recorded call, the trial replay and replays that fail."""

import pytest

import pydl
from pydl import nn


def forwards(rows=2):
    return [(pydl.ones(rows, 3) * i,) for i in range(1, 8)]


def test_gradients_that_are_views_belong_to_their_leaves(same):
    def make():
        a, b = pydl.ones(6, requires_grad=True), pydl.ones(2, 3, requires_grad=True)
        optimizer = pydl.optim.SGD([a, b], lr=0.1)

        def step(x):
            optimizer.zero_grad()
            loss = ((a + b.view(6)) * x).sum()
            loss.backward()
            nn.utils.clip_grad_norm_([a, b], 1.0)
            optimizer.step()
            return loss, a, b

        return step, []

    same(make, [(pydl.arange(6.0),)] * 6)


def test_gradients_that_are_stretched_may_be_changed_in_place(same):
    def make():
        w = pydl.ones(6, 6, requires_grad=True)
        optimizer = pydl.optim.SGD([w], lr=0.1)

        def step():
            optimizer.zero_grad()
            w.mean().backward()
            nn.utils.clip_grad_norm_([w], 0.5)
            optimizer.step()
            return w

        return step, []

    same(make, [()] * 6)


def test_a_tensor_replaced_in_every_call_survives_the_trial_replay(same):
    def make():
        w, kept = pydl.full((3, 3), 0.5), {"h": pydl.ones(2, 3)}

        def step(x):
            kept["h"] = x + kept["h"] @ w
            return kept["h"].sum()

        return step, []

    same(make, forwards(), recordings=0, refused="a replay gave other bits")


HOLDS = {
    "tensor": lambda g: g,
    "detached": lambda g: g.detach(),
    "part": lambda g: g[0:2],
    "turned": lambda g: g.T,
}


@pytest.mark.parametrize("how", HOLDS)
def test_a_gradient_kept_from_call_to_call_survives_the_trial_replay(same, how):
    def make():
        w, kept = pydl.full((3, 3), 0.5).requires_grad_(), []

        def step(x):
            w.grad = None
            loss = ((x @ w) ** 2).sum()
            loss.backward()
            before = kept[-1].sum() if kept else loss.detach()
            kept.append(HOLDS[how](w.grad))
            with pydl.no_grad():
                w.sub_(w.grad * 0.01)
            return before + loss.detach()

        return step, []

    same(make, forwards(), recordings=0, refused="a replay gave other bits")


def test_a_replay_that_fails_leaves_the_gradients_of_eager():
    def run(captured):
        pydl.manual_seed(0)
        table, scale, shift = nn.Embedding(4, 2), *(pydl.ones(2, requires_grad=True) for _ in range(2))
        optimizer = pydl.optim.SGD([*table.parameters(), scale, shift], lr=0.1)

        def step(first, second):
            optimizer.zero_grad()
            (shift * 2).sum().backward()
            (table(first) * scale).sum().backward()
            loss = table(second).sum()
            optimizer.step()
            return loss

        step = pydl.capture(step) if captured else step
        good, bad = pydl.tensor([0, 1]), pydl.tensor([0, 9])
        for _ in range(5):
            step(good, good)
        found = []
        for arguments in ((bad, good), (good, bad)):
            with pytest.raises(IndexError):
                step(*arguments)
            found.append([None if p.grad is None else p.grad.numpy().tolist() for p in (table.weight, scale, shift)])
        return found

    eager, captured = run(False), run(True)
    assert eager == captured
    assert [g is None for g in eager[0]] == [True, True, False]
    assert None not in eager[1]


def test_an_option_that_the_step_changes_after_it_was_used(same):
    def make():
        w = pydl.ones(3, requires_grad=True)
        optimizer = pydl.optim.SGD([w], lr=1.0)

        def step():
            optimizer.zero_grad()
            w.sum().backward()
            optimizer.step()
            optimizer.param_groups[0]["lr"] *= 0.5
            return w

        return step, []

    same(make, [()] * 6, recordings=0, refused="a replay gave other bits")


class Scaled(nn.Module):
    factor = 1.0

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x):
        return self.linear(x) * self.factor


@pytest.mark.parametrize("name", ["factor", "forward"])
def test_a_module_that_is_given_what_its_class_has(same, name):
    def make():
        net = Scaled()
        values = {"factor": 5.0, "forward": lambda x: net.linear(x) * 3}

        def change(i):
            if i == 4:
                setattr(net, name, values[name])

        return (lambda x: net(x).sum()), [net], change

    same(make, forwards() + forwards(), recordings=2)


def test_a_parameter_of_an_optimizer_replaced_in_its_list(same):
    def make():
        a, b = pydl.ones(1, requires_grad=True), pydl.ones(1, requires_grad=True)
        optimizer = pydl.optim.SGD([a], lr=1.0)

        def step():
            optimizer.zero_grad()
            a.grad = b.grad = None
            (a + b).sum().backward()
            optimizer.step()
            return a, b

        def change(i):
            if i == 5:
                optimizer.param_groups[0]["params"][0] = b

        return step, [], change

    same(make, [()] * 10, recordings=2)
