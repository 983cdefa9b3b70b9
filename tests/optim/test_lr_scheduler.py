"""Schedules against their formulas, against PyTorch where it is installed, and across saving."""

import math

import numpy as np
import pytest

import pydl
from pydl import optim
from pydl.optim import lr_scheduler

STEPS = 25
SCHEDULES = [
    ("StepLR", {"step_size": 4, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [3, 9, 9, 12], "gamma": 0.3}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 6}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 8}),
    ("PolynomialLR", {"total_iters": 10, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 40}),
    ("CosineAnnealingWarmRestarts", {"T_0": 6}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("OneCycleLR", {"max_lr": 2.0, "total_steps": STEPS}),
    ("OneCycleLR", {"max_lr": [2.0, 1.0], "epochs": 5, "steps_per_epoch": 6, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 2.0, "total_steps": STEPS, "anneal_strategy": "linear", "cycle_momentum": False}),
]


def make(library, optimizer="SGD", **options):
    if library is pydl:
        params = [pydl.ones(2, requires_grad=True) for _ in range(2)]
        return getattr(optim, optimizer)([{"params": [params[0]]}, {"params": [params[1]], "lr": 0.5}], **options)
    params = [library.ones(2, requires_grad=True) for _ in range(2)]
    groups = [{"params": [params[0]]}, {"params": [params[1]], "lr": 0.5}]
    return getattr(library.optim, optimizer)(groups, **options)


def trace(schedule, optimizer, steps=STEPS):
    rows = []
    for _ in range(steps):
        assert schedule.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
        moment = [g.get("momentum", g.get("betas")) for g in optimizer.param_groups]
        rows.append([schedule.get_last_lr(), moment])
        optimizer.step()
        schedule.step()
    return rows


@pytest.mark.parametrize(("name", "options"), SCHEDULES)
@pytest.mark.parametrize("kind", [("SGD", {"lr": 1.0, "momentum": 0.9}), ("Adam", {"lr": 1.0})])
def test_pytorch(name, options, kind):
    torch = pytest.importorskip("torch")
    ours, theirs = make(pydl, kind[0], **kind[1]), make(torch, kind[0], **kind[1])
    mine = trace(getattr(lr_scheduler, name)(ours, **options), ours)
    for (lr, moment), (lr_, moment_) in zip(
        mine, trace(getattr(torch.optim.lr_scheduler, name)(theirs, **options), theirs), strict=True
    ):
        np.testing.assert_allclose(lr, lr_, rtol=1e-12)
        np.testing.assert_allclose(moment, moment_, rtol=1e-12)


def rates(name, steps, **options):
    optimizer = make(pydl, lr=1.0)
    schedule = getattr(lr_scheduler, name)(optimizer, **options)
    return [row[0][0] for row in trace(schedule, optimizer, steps)]


def test_closed_forms():
    t = np.arange(20)
    np.testing.assert_allclose(rates("StepLR", 20, step_size=6, gamma=0.5), 0.5 ** (t // 6))
    np.testing.assert_allclose(rates("ExponentialLR", 20, gamma=0.9), 0.9**t)
    np.testing.assert_allclose(
        rates("MultiStepLR", 20, milestones=[5, 11], gamma=0.1), 0.1 ** ((t >= 5).astype(int) + (t >= 11))
    )
    np.testing.assert_allclose(rates("LinearLR", 20, total_iters=8), 1 / 3 + (2 / 3) * np.minimum(t, 8) / 8)
    np.testing.assert_allclose(rates("LambdaLR", 20, lr_lambda=lambda e: 1 / (1 + e)), 1 / (1 + t))
    np.testing.assert_allclose(
        rates("CosineAnnealingLR", 20, T_max=6, eta_min=0.1), 0.1 + 0.45 * (1 + np.cos(math.pi * t / 6)), atol=1e-12
    )


def test_sequence():
    def build(library, schedules):
        optimizer = make(library, lr=1.0)
        parts = [schedules.LinearLR(optimizer, 0.1, total_iters=4), schedules.ExponentialLR(optimizer, 0.8),
                 schedules.CosineAnnealingLR(optimizer, 5)]  # fmt: skip
        return schedules.SequentialLR(optimizer, parts, [4, 10]), optimizer

    ours = trace(*build(pydl, lr_scheduler))
    np.testing.assert_allclose([row[0][0] for row in ours[:7]], [0.1, 0.325, 0.55, 0.775, 1, 0.8, 0.64])
    torch = pytest.importorskip("torch")
    theirs = trace(*build(torch, torch.optim.lr_scheduler))
    np.testing.assert_allclose([r[0] for r in ours], [r[0] for r in theirs], rtol=1e-12)


PLATEAUS = [
    {"patience": 2}, {"patience": 1, "cooldown": 2, "factor": 0.5}, {"patience": 0, "mode": "max", "min_lr": 0.01},
    {"patience": 1, "threshold": 0.3, "threshold_mode": "abs"}, {"patience": 0, "eps": 0.2},
]  # fmt: skip


@pytest.mark.parametrize("options", PLATEAUS)
def test_plateau(options):
    torch = pytest.importorskip("torch")
    figures = [3, 2, 2, 2.1, 1.9, 1.9, 1.9, 1.5, float("nan"), 1.6, 1.6, 1.6, 1.6, 1.4, 1.39, 1.38, 1.38, 1.38, 1.38]
    ours, theirs = make(pydl, lr=1.0), make(torch, lr=1.0)
    mine = lr_scheduler.ReduceLROnPlateau(ours, **options)
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    for figure in figures:
        mine.step(figure)
        other.step(figure)
        np.testing.assert_allclose(mine.get_last_lr(), other.get_last_lr(), rtol=1e-12)


def build_all():
    yield lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1)
    yield lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch)
    yield lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o), lr_scheduler.StepLR(o, 3)], [6])
    for name, options in SCHEDULES:
        yield lambda o, name=name, options=options: getattr(lr_scheduler, name)(o, **options)


@pytest.mark.parametrize("build", list(build_all()))
def test_resumes(build, tmp_path):
    def advance(schedule, steps):
        for i in range(steps):
            schedule.step(1.0 + i % 2) if isinstance(schedule, lr_scheduler.ReduceLROnPlateau) else schedule.step()

    first = make(pydl, lr=1.0, momentum=0.9)
    whole = build(first)
    advance(whole, 9)
    pydl.save({"optimizer": first.state_dict(), "schedule": whole.state_dict()}, tmp_path / "saved.safetensors")
    advance(whole, 9)

    second = make(pydl, lr=1.0, momentum=0.9)
    resumed = build(second)
    saved = pydl.load(tmp_path / "saved.safetensors")
    second.load_state_dict(saved["optimizer"])
    resumed.load_state_dict(saved["schedule"])
    advance(resumed, 9)
    assert resumed.get_last_lr() == whole.get_last_lr()
    assert second.state_dict() == first.state_dict()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda o: lr_scheduler.StepLR(3, 1), TypeError),
        (lambda o: lr_scheduler.StepLR(o, 0), ValueError),
        (lambda o: lr_scheduler.StepLR(o, 1.5), TypeError),
        (lambda o: lr_scheduler.StepLR(o, 1, -0.1), ValueError),
        (lambda o: lr_scheduler.ExponentialLR(o, float("nan")), ValueError),
        (lambda o: lr_scheduler.CosineAnnealingLR(o, 0), ValueError),
        (lambda o: lr_scheduler.LinearLR(o, 0.0), ValueError),
        (lambda o: lr_scheduler.LinearLR(o, total_iters=0), ValueError),
        (lambda o: lr_scheduler.LambdaLR(o, [abs]), ValueError),
        (lambda o: lr_scheduler.LambdaLR(o, 0.5), TypeError),
        (lambda o: lr_scheduler.OneCycleLR(o, 1.0), ValueError),
        (lambda o: lr_scheduler.OneCycleLR(o, 1.0, 10, anneal_strategy="x"), ValueError),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1.0), ValueError),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, "best"), ValueError),
        (lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.StepLR(o, 1)], [3]), ValueError),
        (lambda o: lr_scheduler.StepLR(o, 1, last_epoch=3), KeyError),
    ],
)
def test_bad_arguments(call, error):
    with pytest.raises(error, match=r"\[\w+\] expected"):
        call(make(pydl, lr=1.0))


def test_state_of_another_schedule_is_refused():
    schedule = lr_scheduler.StepLR(make(pydl, lr=1.0), 2)
    with pytest.raises(ValueError, match=r"\[StepLR.load_state_dict\] expected"):
        schedule.load_state_dict(lr_scheduler.ExponentialLR(make(pydl, lr=1.0), 0.5).state_dict())


def test_one_cycle_ends():
    schedule = lr_scheduler.OneCycleLR(make(pydl, lr=1.0, momentum=0.9), 1.0, 3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(ValueError, match=r"\[OneCycleLR\] expected at most 3 steps"):
        schedule.step()


def test_multiplied_rates():
    torch = pytest.importorskip("torch")
    traces = []
    for library in (pydl, torch):
        optimizer = make(library, lr=1.0)
        schedule = library.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda step: 1 - 0.01 * step)
        traces.append([rates for rates, _ in trace(schedule, optimizer)])
    np.testing.assert_allclose(*traces, rtol=1e-12)


def test_chained_schedules():
    torch = pytest.importorskip("torch")
    traces = []
    for library in (pydl, torch):
        optimizer, kinds = make(library, lr=1.0), library.optim.lr_scheduler
        parts = [kinds.ConstantLR(optimizer, 0.1, 5), kinds.ExponentialLR(optimizer, 0.9)]
        schedule = kinds.ChainedScheduler(parts)
        traces.append([rates for rates, _ in trace(schedule, optimizer)])
        if library is pydl:
            again = kinds.ChainedScheduler([kinds.ConstantLR(optimizer, 0.1, 5), kinds.ExponentialLR(optimizer, 0.9)])
            again.load_state_dict(schedule.state_dict())
            assert again.state_dict() == schedule.state_dict()
    np.testing.assert_allclose(*traces, rtol=1e-12)


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        (lambda o: lr_scheduler.MultiplicativeLR(o, [1.0, 2.0]), ValueError, "expected a function, or 2 of them"),
        (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 0), ValueError, "expected T_0 >= 1, got 0"),
        (lambda o: lr_scheduler.ChainedScheduler([]), ValueError, "expected schedulers, at least one"),
    ],
)
def test_bad_arguments_of_schedules(build, error, text):
    with pytest.raises(error, match=text):
        build(make(pydl, lr=1.0))
