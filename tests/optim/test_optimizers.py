"""Every optimizer against its formula in NumPy and, where it is installed, against PyTorch; in float64."""

import numpy as np
import pytest

import pydl
from pydl import optim

CONFIGURATIONS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.01, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.9, "centered": True, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.9, "maximize": True}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.9, "centered": True, "eps": 1e-3}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-4, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}),
]
SHAPES = [(), (3,), (67,), (4, 5), (2, 3, 3, 3), (0, 4), (40_000,)]


def formula(name, options, p, grads):
    """The parameter after one step for every gradient, straight from the papers."""
    o = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-10 if name == "Adagrad" else 1e-8, "alpha": 0.99, "momentum": 0,
         "dampening": 0, "weight_decay": 0.01 if name == "AdamW" else 0, "nesterov": False, "centered": False,
         "amsgrad": False, "maximize": False, "lr_decay": 0, "initial_accumulator_value": 0, **options}  # fmt: skip
    p, (b1, b2) = p.copy(), o["betas"]
    m, a, h = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    s = np.full_like(p, o["initial_accumulator_value"])
    for t, g in enumerate(grads, 1):
        g = -g if o["maximize"] else g
        if name == "AdamW":
            p = p - o["lr"] * o["weight_decay"] * p
        else:
            g = g + o["weight_decay"] * p
        if name == "SGD":
            m = g if t == 1 else o["momentum"] * m + (1 - o["dampening"]) * g
            step = o["lr"] * ((g + o["momentum"] * m if o["nesterov"] else m) if o["momentum"] else g)
        elif name == "RMSprop":
            s = o["alpha"] * s + (1 - o["alpha"]) * g * g
            a = o["alpha"] * a + (1 - o["alpha"]) * g
            u = g / (np.sqrt(s - a * a if o["centered"] else s) + o["eps"])
            m = o["momentum"] * m + u
            step = o["lr"] * m
        elif name == "Adagrad":
            s = s + g * g
            step = o["lr"] / (1 + (t - 1) * o["lr_decay"]) * g / (np.sqrt(s) + o["eps"])
        else:
            m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g * g
            h = np.maximum(h, s)
            root = np.sqrt((h if o["amsgrad"] else s) / (1 - b2**t))
            step = o["lr"] * (m / (1 - b1**t)) / (root + o["eps"])
        p = p - step
    return p


def problem(steps=12, seed=0, shapes=SHAPES):
    rng = np.random.default_rng(seed)
    start = [rng.normal(size=shape) for shape in shapes]
    return start, [[rng.normal(size=shape) for shape in shapes] for _ in range(steps)]


def run(name, options, start, grads, dtype=np.float64, layout=np.asarray):
    params = [pydl.from_numpy(layout(x.astype(dtype))).requires_grad_() for x in start]
    optimizer = getattr(optim, name)(params, **options)
    for step in grads:
        for p, g in zip(params, step, strict=True):
            p.grad = pydl.tensor(g.astype(dtype))
        optimizer.step()
    return [p.detach().numpy() for p in params], optimizer


@pytest.mark.parametrize(("name", "options"), CONFIGURATIONS)
def test_formula(name, options):
    start, grads = problem()
    found, _ = run(name, options, start, grads)
    for i, p in enumerate(found):
        np.testing.assert_allclose(p, formula(name, options, start[i], [g[i] for g in grads]), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("name", "options"), CONFIGURATIONS)
def test_pytorch(name, options):
    torch = pytest.importorskip("torch")
    start, grads = problem(40, 1, SHAPES[:-1])
    found, _ = run(name, options, start, grads)
    params = [torch.tensor(x, requires_grad=True) for x in start]
    optimizer = getattr(torch.optim, name)(params, **options)
    for step in grads:
        for p, g in zip(params, step, strict=True):
            p.grad = torch.tensor(g)
        optimizer.step()
    for ours, theirs in zip(found, params, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "options"), CONFIGURATIONS)
def test_float32_stays_near_float64(name, options):
    start, grads = problem(5, 2)
    single, _ = run(name, options, start, grads, np.float32)
    double, _ = run(name, options, start, grads)
    for a, b in zip(single, double, strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-5)


def fortran(x):
    return x.copy("F")


def reversed_rows(x):
    return x if x.ndim == 0 else np.ascontiguousarray(x[::-1])[::-1]


def every_other(x):
    return x if x.ndim == 0 else np.repeat(x, 2, axis=-1)[..., ::2]


@pytest.mark.parametrize("layout", [fortran, reversed_rows, every_other])
@pytest.mark.parametrize(("name", "options"), CONFIGURATIONS[4::4])
def test_layout_leaves_the_bits_alone(name, options, layout):
    start, grads = problem(3, 3)
    plain, _ = run(name, options, start, grads, np.float32)
    other, _ = run(name, options, start, grads, np.float32, layout)
    for a, b in zip(plain, other, strict=True):
        assert a.tobytes() == b.tobytes()


def test_threads_and_company_leave_the_bits_alone():
    start, grads = problem(3, 4)
    before, results = pydl.get_num_threads(), set()
    try:
        for threads in (1, 2, 5):
            pydl.set_num_threads(threads)
            found, _ = run("Adam", {}, start, grads, np.float32)
            results.add(b"".join(p.tobytes() for p in found))
    finally:
        pydl.set_num_threads(before)
    assert len(results) == 1
    for i in range(len(start)):
        alone, _ = run("Adam", {}, start[i : i + 1], [g[i : i + 1] for g in grads], np.float32)
        assert alone[0].tobytes() == found[i].tobytes()


def test_one_call_takes_both_dtypes():
    a = pydl.ones(3, requires_grad=True)
    b = pydl.ones(3, dtype=np.float64, requires_grad=True)
    optimizer = optim.SGD([a, b], lr=0.5)
    a.grad, b.grad = pydl.ones(3), pydl.ones(3, dtype=np.float64)
    optimizer.step()
    assert a.tolist() == b.tolist() == [0.5] * 3
    assert (a.dtype, b.dtype) == (np.float32, np.float64)


def test_parameters_without_gradients_wait():
    a, b = pydl.ones(3, requires_grad=True), pydl.ones(3, requires_grad=True)
    optimizer = optim.SGD([a, b], lr=0.1, momentum=0.9, dampening=0.5)
    for has_b in (False, True, True):
        a.grad, b.grad = pydl.ones(3), pydl.ones(3) if has_b else None
        optimizer.step()
    np.testing.assert_allclose(a.detach().numpy(), 1 - 0.1 * (1 + 1.4 + 1.76), rtol=1e-6)
    np.testing.assert_allclose(b.detach().numpy(), 1 - 0.1 * (1 + 1.4), rtol=1e-6)


def test_groups():
    a, b = pydl.ones(2, requires_grad=True), pydl.ones(2, requires_grad=True)
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.25}], lr=0.5)
    c = pydl.ones(2, requires_grad=True)
    optimizer.add_param_group({"params": [c], "weight_decay": 1.0, "name": "c"})
    for p in (a, b, c):
        p.grad = pydl.ones(2)
    optimizer.step()
    assert [p.tolist() for p in (a, b, c)] == [[0.5, 0.5], [0.75, 0.75], [0.0, 0.0]]
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.step()
    assert a.tolist() == [0.5, 0.5]


def test_zero_grad_and_closure():
    x = pydl.tensor([3.0], requires_grad=True)
    optimizer = optim.SGD([x], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        return loss

    with pydl.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert x.item() == 1.5
    kept = x.grad
    optimizer.zero_grad(set_to_none=False)
    assert x.grad is kept
    assert kept.tolist() == [0]
    optimizer.zero_grad()
    assert x.grad is None


def test_a_step_between_forward_and_backward_is_noticed():
    x = pydl.tensor([3.0], requires_grad=True)
    loss = (x * x).sum()
    x.grad = pydl.ones(1)
    optim.Adam([x]).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_training_finds_the_minimum():
    pydl.manual_seed(0)
    x, truth = pydl.randn(64, 3), pydl.tensor([1.0, -2.0, 0.5])
    y = (x * truth).sum(1)
    for make in (lambda p: optim.SGD(p, 0.1, 0.9), lambda p: optim.Adam(p, 0.1), lambda p: optim.RMSprop(p, 0.02)):
        w = pydl.zeros(3, requires_grad=True)
        optimizer = make([w])
        for _ in range(200):
            optimizer.zero_grad()
            (((x * w).sum(1) - y) ** 2).mean().backward()
            optimizer.step()
        np.testing.assert_allclose(w.detach().numpy(), truth.numpy(), atol=0.03)
