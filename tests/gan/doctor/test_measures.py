"""What the doctor measures, against closed forms; and that measuring changes nothing."""

import numpy as np
import pytest

import pydl
from pydl import gan, nn, optim
from pydl.gan.doctor import measures


def task():
    pydl.manual_seed(0)
    generator = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    discriminator = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))
    optimizers = [optim.SGD(n.parameters(), lr=0.1) for n in (generator, discriminator)]
    return gan.GANTask(generator, discriminator, *optimizers, gan.Noise(2), centre=False)


def batch(count=16):
    return (pydl.from_numpy(np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)),)


@pytest.mark.parametrize("modes", [1, 2, 8])
def test_variety_counts_modes_of_equal_shares(modes):
    points = np.repeat(100.0 * np.arange(modes)[:, None], 60, axis=0)
    n = 60 * modes
    expected = (n * (n - 1)) / (modes * 60 * 59)
    np.testing.assert_allclose(measures.variety(points, 1.0), expected, rtol=1e-12)


def test_variety_of_samples_that_are_all_different_is_bounded():
    assert measures.variety(np.arange(5.0)[:, None] * 1e6, 1.0) == 10


def test_variety_against_the_sum_written_out():
    points = np.random.default_rng(0).normal(size=(30, 3))
    alike = [np.exp(-((a - b) ** 2).sum() / 0.49) for i, a in enumerate(points) for b in points[:i]]
    np.testing.assert_allclose(measures.variety(points, 0.7), 1 / np.mean(alike), rtol=1e-10)


def test_reach_is_a_third_of_the_median_distance():
    assert measures.reach(np.array([[0.0], [3.0], [12.0]])) == pytest.approx(3.0)
    assert measures.reach(np.zeros((4, 2))) > 0


def test_nearest_distances():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(9, 4)), rng.normal(size=(20, 4))
    wanted = np.sqrt(((a[:, None] - b) ** 2).sum(2)).min(1)
    np.testing.assert_allclose(measures.nearest_distances(a, [b[:7], b[7:]]), wanted, rtol=1e-10)


def test_gradient_norms_are_those_of_each_layer():
    network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert measures.gradient_norms(network) == {}
    network(pydl.ones(4, 2)).sum().backward()
    norms = measures.gradient_norms(network)
    assert set(norms) == {"0", "2"}
    wanted = np.sqrt(sum((p.grad.numpy() ** 2).sum() for p in network[2].parameters()))
    np.testing.assert_allclose(norms["2"], wanted, rtol=1e-6)


def test_what_is_told_apart_counts_and_orders():
    trained = task()
    trained.discriminator = nn.Linear(2, 1)
    with pydl.no_grad():
        trained.discriminator.weight.fill_(1.0)
        trained.discriminator.bias.fill_(-5.0)
    high = (pydl.full((16, 2), 50.0),)
    assert measures.told_apart(trained, high) == (1.0, 1.0, 1.0)
    assert measures.told_apart(trained, (pydl.full((16, 2), -50.0),)) == (0.0, 1.0, 0.0)


def test_judging_changes_nothing():
    trained = task()
    trained.step(batch())
    pydl.manual_seed(3)
    before = repr(trained.state_dict()), pydl.random.get_rng_state().tolist()
    first = measures.told_apart(trained, batch())
    assert (repr(trained.state_dict()), pydl.random.get_rng_state().tolist()) == before
    assert measures.told_apart(trained, batch()) == first


def test_kinds_are_those_of_the_nearest_real_samples():
    rng = np.random.default_rng(0)
    labels = np.repeat([3, 5, 7], [60, 36, 24])
    real = labels[:, None] + 0.1 * rng.normal(size=(120, 2))
    kinds = measures.Kinds(real, labels)
    assert kinds.count == 3
    assert kinds.shown(real) == 3
    assert kinds.shown(real[:60]) == 1
    assert kinds.shown(np.concatenate([real[:60], real[60:64]])) == 1  # 4 of 64: less than a quarter of 0.3
    assert kinds.shown(np.concatenate([real[:60], real[60:70]])) == 2
    assert measures.Kinds(real[:99], labels[:99]).count == 2  # three samples of the third are too few to be missed


def test_labels_that_the_nearest_sample_does_not_tell_are_not_looked_at():
    rng = np.random.default_rng(0)
    for labels in (rng.integers(0, 4, 200), np.arange(200) // 170, np.zeros(200, np.int64)):
        kinds = measures.Kinds(rng.normal(size=(200, 3)), labels)
        assert kinds.count == kinds.shown(rng.normal(size=(9, 3))) == 1
