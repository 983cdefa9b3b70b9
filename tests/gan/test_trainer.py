"""Algorithm 1: who moves when, what takes gradients, and that a run can be repeated and resumed bit for bit."""

import copy
import hashlib

import numpy as np
import pytest

import pydl
from pydl import gan, nn, optim


def make(seed=0, **options):
    pydl.manual_seed(seed)
    generator = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 6), nn.Tanh())
    discriminator = nn.Sequential(nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    optimizers = [optim.Adam(net.parameters(), lr=1e-2, betas=(0.5, 0.999)) for net in (generator, discriminator)]
    return gan.GANTask(generator, discriminator, *optimizers, gan.Noise(4), seed=seed, grid_size=5, **options)


def batches(count, size=8):
    rng = np.random.default_rng(5)
    return [(pydl.from_numpy(rng.random((size, 6), np.float32)),) for _ in range(count)]


def arrays(value):
    """The leaves of a state, in order."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value, key=str) for leaf in arrays(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in arrays(item)]
    return [np.asarray(value)] if value is not None else []


def digest(task):
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays(task.state_dict()))).hexdigest()


def parameters(module):
    return [p.detach().numpy().copy() for p in module.parameters()]


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_k_discriminator_steps_to_one_generator_step():
    task = make(k=3)
    before, moved = parameters(task.generator), []
    for batch in batches(6):
        task.step(batch)
        after = parameters(task.generator)
        moved.append(not same(before, after))
        before = after
    assert moved == [False, False, True, False, False, True]


def test_each_step_moves_its_own_network():
    task = make()
    real = task.read(batches(1)[0])
    generator, discriminator = parameters(task.generator), parameters(task.discriminator)
    task.discriminator_step(real)
    assert same(generator, parameters(task.generator))
    assert all(p.grad is None for p in task.generator.parameters())
    moved = parameters(task.discriminator)
    assert not same(discriminator, moved)
    kept = [p.grad.numpy().copy() for p in task.discriminator.parameters()]
    task.generator_step(real)
    assert same(moved, parameters(task.discriminator))
    assert same(kept, [p.grad.numpy() for p in task.discriminator.parameters()])
    assert not same(generator, parameters(task.generator))
    assert all(p.requires_grad for p in task.discriminator.parameters())


def test_step_reports_losses_and_beliefs():
    task = make(k=2)
    first, second = (task.step(batch) for batch in batches(2))
    assert set(first) == {"loss_d", "loss_g", "d_real", "d_fake"}
    assert first["loss_g"] == 0.0
    assert second["loss_g"] > 0.0
    assert 0 < second["d_real"] < 1
    assert 0 < second["d_fake"] < 1
    assert all(isinstance(value, float) for value in second.values())


def test_first_losses_are_those_of_the_closed_form():
    task = make()
    (real,) = batches(1)[0]
    noise = gan.Noise(4)
    rng = pydl.random.Generator(0)
    noise(5, rng)  # the grid's
    generator, discriminator = copy.deepcopy(task.generator), copy.deepcopy(task.discriminator)
    with pydl.no_grad():
        scores = [discriminator(x).numpy() for x in (real * 2.0 - 1.0, generator(noise(8, rng)))]
    wanted = np.log1p(np.exp(-scores[0])).mean() + np.log1p(np.exp(scores[1])).mean()
    np.testing.assert_allclose(task.step((real,))["loss_d"], wanted, rtol=1e-6)


def test_penalties_are_added_to_the_loss_of_the_discriminator():
    plain, punished = make(), make(penalties=[lambda d, real, fake, rng: pydl.full((), 2.5)])
    batch = batches(1)[0]
    difference = punished.step(batch)["loss_d"] - plain.step(batch)["loss_d"]
    np.testing.assert_allclose(difference, 2.5, rtol=1e-6)


def test_wasserstein_with_penalty_trains():
    task = make(objective=gan.WASSERSTEIN, penalties=[gan.gradient_penalty()], k=2)
    for batch in batches(20):
        result = task.step(batch)
    assert all(np.isfinite(value) for value in result.values())


def test_samples_follow_the_seed_and_keep_the_mode():
    task = make(average=0.9)
    for batch in batches(3):
        task.step(batch)
    assert np.array_equal(task.sample(4, 1), task.sample(4, 1))
    assert not np.array_equal(task.sample(4, 1), task.sample(4, 2))
    assert np.array_equal(task.sample(3), task.sample(5)[:3])
    assert task.generator.training
    assert task.sample(300, 1).shape == (300, 6)


def test_average_follows_the_generator():
    task = make(average=0.9)
    start = parameters(task.generator)[0]
    task.step(batches(1)[0])
    kept = 2 / 11  # (1 + n) / (10 + n) at n = 1
    wanted = kept * start + (1 - kept) * parameters(task.generator)[0]
    np.testing.assert_allclose(parameters(task.average.module)[0], wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("options", [{}, {"k": 2, "average": 0.9}])
def test_same_bits_again_at_another_thread_count_and_after_saving(options, threads, tmp_path):
    steps, half = batches(500), 251
    hashes = []
    for count in (1, 4):
        threads(count)
        task = make(**options)
        for batch in steps:
            task.step(batch)
        hashes.append(digest(task))
    task = make(**options)
    for batch in steps[:half]:
        task.step(batch)
    pydl.save(task.state_dict(), tmp_path / "state.safetensors")
    other = make(seed=9, **options)
    other.load_state_dict(pydl.load(tmp_path / "state.safetensors"))
    for batch in steps[half:]:
        other.step(batch)
    assert {digest(other), *hashes} == {hashes[0]}
    assert digest(task) != hashes[0]


def test_state_of_another_task_changes_nothing():
    task, other = make(average=0.9), make()
    before = digest(task)
    with pytest.raises(ValueError, match=r"\[load_state_dict\] expected keys"):
        task.load_state_dict(other.state_dict())
    broken = copy.deepcopy(task.state_dict())
    task.step(batches(1)[0])
    before = digest(task)
    broken["optimizer_d"] = {"nonsense": 1}
    with pytest.raises((ValueError, KeyError)):
        task.load_state_dict(broken)
    assert digest(task) == before


@pytest.mark.parametrize(("k", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_k_is_a_count(k, error):
    with pytest.raises(error, match=r"\[GANTask\] expected k to be an integer >= 1, got"):
        make(k=k)


def test_noise():
    uniform, normal = (gan.Noise(3, kind)(2000, pydl.random.Generator(1)).numpy() for kind in ("uniform", "normal"))
    assert uniform.shape == (2000, 3)
    assert -1 <= uniform.min() < -0.99 < 0.99 < uniform.max() < 1
    assert abs(normal.mean()) < 0.05
    assert abs(normal.std() - 1) < 0.05
    with pytest.raises(ValueError, match=r"\[Noise\] expected kind"):
        gan.Noise(3, "pink")
    with pytest.raises(ValueError, match=r"\[Noise\] expected size"):
        gan.Noise(0)


def test_frozen_parameters_stay_frozen_and_the_grid_is_not_exceeded():
    task = make()
    frozen = next(task.discriminator.parameters())
    frozen.requires_grad = False
    before = frozen.numpy().copy()
    task.step(batches(1)[0])
    assert not frozen.requires_grad
    assert all(p.requires_grad for p in list(task.discriminator.parameters())[1:])
    np.testing.assert_array_equal(frozen.numpy(), before)
    with pytest.raises(ValueError, match=r"\[sample\] expected at most \d+ samples without a seed, got 10000"):
        task.sample(10000)
