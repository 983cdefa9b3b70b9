"""What an optimizer saves: it resumes bit for bit, loads PyTorch's layout, and refuses what does not fit."""

import numpy as np
import pytest

import pydl
from pydl import optim

MAKERS = [
    lambda p: optim.SGD(p, 0.1, 0.9, nesterov=True),
    lambda p: optim.SGD(p, 0.1),
    lambda p: optim.RMSprop(p, 0.01, momentum=0.9, centered=True),
    lambda p: optim.Adam(p, 0.01, amsgrad=True),
    lambda p: optim.AdamW(p, 0.01),
    lambda p: optim.Adagrad(p, 0.01, lr_decay=0.1),
]


def parameters(seed=0):
    rng = np.random.default_rng(seed)
    return [pydl.tensor(rng.normal(size=s), dtype=np.float32, requires_grad=True) for s in ((3, 5), (70,))]


def train(optimizer, params, steps, seed):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for p in params:
            p.grad = pydl.tensor(rng.normal(size=p.shape), dtype=np.float32)
        optimizer.step()


@pytest.mark.parametrize("make", MAKERS)
def test_resumes_bit_for_bit(make, tmp_path):
    first = parameters()
    whole = make(first)
    train(whole, first, 5, 1)
    pydl.save({"optimizer": whole.state_dict(), "params": [p.detach() for p in first]}, tmp_path / "saved.safetensors")
    train(whole, first, 5, 2)

    saved = pydl.load(tmp_path / "saved.safetensors")
    second = [p.requires_grad_() for p in saved["params"]]
    resumed = make(second)
    resumed.load_state_dict(saved["optimizer"])
    train(resumed, second, 5, 2)
    for a, b in zip(first, second, strict=True):
        assert a.detach().numpy().tobytes() == b.detach().numpy().tobytes()


def test_loading_copies():
    params = parameters()
    optimizer = optim.Adam(params)
    train(optimizer, params, 1, 1)
    other = optim.Adam(parameters())
    other.load_state_dict(optimizer.state_dict())
    before = other.state_dict()["state"][0]["exp_avg"].numpy().copy()
    train(optimizer, params, 1, 2)
    assert other.state_dict()["state"][0]["exp_avg"].numpy().tobytes() == before.tobytes()
    assert other.state_dict()["state"][0]["step"] == 1


@pytest.mark.parametrize(
    ("name", "options"), [("SGD", {"momentum": 0.9}), ("RMSprop", {}), ("Adam", {"amsgrad": True}), ("Adagrad", {})]
)
def test_pytorchs_layout(name, options):
    torch = pytest.importorskip("torch")
    ours, theirs = parameters(), [torch.tensor(p.detach().numpy().copy(), requires_grad=True) for p in parameters()]
    source = getattr(torch.optim, name)(theirs, lr=0.01, **options)
    for p in theirs:
        p.grad = torch.ones_like(p)
    source.step()
    target = getattr(optim, name)(ours, lr=0.5, **options)
    state = source.state_dict()
    state["state"] = {
        i: {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in entry.items()}
        for i, entry in state["state"].items()
    }
    target.load_state_dict(state)
    mine = target.state_dict()
    assert target.param_groups[0]["lr"] == 0.01
    assert mine["param_groups"][0]["params"] == [0, 1]
    assert {k: set(v) for k, v in mine["state"].items()} == {k: set(v) for k, v in state["state"].items()}
    assert set(mine["param_groups"][0]) <= set(state["param_groups"][0])


def broken_states():
    def edit(change):
        params = parameters()
        optimizer = optim.Adam(params)
        train(optimizer, params, 2, 1)
        state = optimizer.state_dict()
        state["state"] = {k: dict(v) for k, v in state["state"].items()}
        change(state)
        return state

    yield edit(lambda s: s.pop("state")), "expected a dict with state and param_groups"
    yield edit(lambda s: s["param_groups"].pop()), r"expected groups of \[2\] parameters, got \[\]"
    yield edit(lambda s: s["param_groups"][0]["params"].pop()), r"expected groups of \[2\] parameters, got \[1\]"
    yield edit(lambda s: s["param_groups"][0].pop("eps")), r"expected options .* got none for \['eps'\]"
    yield edit(lambda s: s["param_groups"][0].update(lr=float("nan"))), "expected lr finite"
    yield edit(lambda s: s["state"].update({7: {}})), r"expected state of parameters \[0, 1\], got some for \[7\]"
    yield edit(lambda s: s["state"][0].pop("exp_avg")), r"expected state .* for parameter 0, got"
    yield edit(lambda s: s["state"][1].update(momentum_buffer=pydl.ones(70))), "expected state .* for parameter 1"
    yield edit(lambda s: s["state"][1].update(exp_avg=pydl.ones(71))), r"expected exp_avg .* shape \(70,\)"
    yield edit(lambda s: s["state"][1].update(step=-1)), "expected step as a count"
    yield edit(lambda s: s["state"][1].update(step=1.5)), "expected step as a count"


def test_broken_states_change_nothing():
    params = parameters()
    optimizer = optim.Adam(params, lr=0.125)
    train(optimizer, params, 3, 5)
    before = optimizer.state_dict()
    for state, text in broken_states():
        with pytest.raises(ValueError, match=r"\[Adam(\.load_state_dict)?\] " + text):
            optimizer.load_state_dict(state)
        after = optimizer.state_dict()
        assert after["param_groups"] == before["param_groups"]
        assert all(after["state"][i]["exp_avg"] is before["state"][i]["exp_avg"] for i in (0, 1))
