"""Every metric on samples against a closed form or its definition written out, in float64."""

import numpy as np
import pytest

from pydl.gan import metrics
from pydl.gan.metrics import distance

RNG = np.random.default_rng(0)


def naive_squares(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(2)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few pairs, so that several are needed."""
    monkeypatch.setattr(distance, "PAIRS", 64)


@pytest.mark.usefixtures("small_blocks")
def test_distances_in_blocks():
    a, b = RNG.normal(size=(37, 5)), RNG.normal(size=(23, 5))
    blocks = list(distance.square_blocks(a, b))
    assert len(blocks) > 10
    np.testing.assert_allclose(np.concatenate([s for _, s in blocks]), naive_squares(a, b), rtol=1e-9)
    np.testing.assert_allclose(distance.nearest_squares(a, 2), np.sort(naive_squares(a, a), 1)[:, 2], rtol=1e-9)


@pytest.mark.usefixtures("small_blocks")
def test_distances_that_products_alone_would_lose():
    """Points that nearly coincide, far from the others: |a|² + |b|² - 2ab has no right digit there."""
    a = np.repeat([[0.0, 1e8], [1e8, 0.0]], 4, axis=0) + RNG.normal(size=(8, 2)) * 1e-3
    got = np.concatenate([s for _, s in distance.square_blocks(a, a)])
    np.testing.assert_allclose(got, naive_squares(a, a), rtol=1e-9)
    assert (np.diag(got) == 0).all()


def test_whole_numbers_have_exact_distances_and_so_ties():
    rng = np.random.default_rng(0)
    for n in range(3, 40):
        a, b = rng.integers(-9, 9, (n, 3)).astype(float), rng.integers(-9, 9, (n + 2, 3)).astype(float)
        assert np.array_equal(np.concatenate([s for _, s in distance.square_blocks(a, b)]), naive_squares(a, b))
    real, fake = np.array([[0.0], [3], [9], [10], [13]]), np.array([[6.0], [16], [16], [19], [22]])
    assert metrics.nearest_neighbour_test(real, fake) == (0.8, 0.8, 0.8)  # 3 and 13 are ties
    assert metrics.precision_recall(real, fake, 1) == (0.6, 1.0)  # 6 and 16 lie on the rims of balls


def test_frechet_distance_of_known_normals():
    d = 6
    q, _ = np.linalg.qr(RNG.normal(size=(d, d)))
    first, second = RNG.uniform(0.1, 4, d), RNG.uniform(0.1, 4, d)
    mean_a, mean_b = RNG.normal(size=d), RNG.normal(size=d)
    wanted = ((mean_a - mean_b) ** 2).sum() + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()  # they commute
    got = metrics.frechet_distance(mean_a, q * first @ q.T, mean_b, q * second @ q.T)
    assert got == pytest.approx(wanted, rel=1e-12)
    assert metrics.frechet_distance(1.0, [[4.0]], -2.0, [[9.0]]) == pytest.approx(9 + 1, rel=1e-15)


def test_frechet_distance_of_covariances_that_do_not_commute():
    a, b = (m @ m.T for m in RNG.normal(size=(2, 5, 5)))
    eigenvalues = np.linalg.eigvals(a @ b).real  # tr (AB)^½ is the sum of their roots
    wanted = np.trace(a) + np.trace(b) - 2 * np.sqrt(eigenvalues).sum()
    assert metrics.frechet_distance(np.zeros(5), a, np.zeros(5), b) == pytest.approx(wanted, rel=1e-9)
    assert metrics.frechet_distance(np.zeros(5), b, np.zeros(5), a) == pytest.approx(wanted, rel=1e-9)


def test_frechet_distance_of_singular_covariances():
    """One on a line, one on another: the root of the product is exactly known, and 0 of a set with itself."""
    u, v = np.array([3.0, 4.0, 0.0]) / 5, np.array([0.0, 1.0, 0.0])
    a, b = 4 * np.outer(u, u), 9 * np.outer(v, v)
    got = metrics.frechet_distance(np.zeros(3), a, np.zeros(3), b)
    assert got == pytest.approx(4 + 9 - 2 * 2 * 3 * 0.8, rel=1e-12)
    features = np.zeros((200, 64))
    features[:, :20] = RNG.normal(size=(200, 20)) @ RNG.normal(size=(20, 20))
    assert metrics.frechet_classifier_distance(features, features) < 1e-12 * features.var(0).sum()


def test_frechet_distance_of_samples_is_that_of_their_moments():
    real, fake = RNG.normal(size=(60, 4)), RNG.normal(1, 2, size=(50, 4))
    moments = real.mean(0), np.cov(real.T), fake.mean(0), np.cov(fake.T)
    wanted = metrics.frechet_distance(*moments)
    assert metrics.frechet_classifier_distance(real, fake) == pytest.approx(wanted, rel=1e-12)
    far = metrics.frechet_classifier_distance(real * 1e80, fake * 1e80)
    assert far == pytest.approx(wanted * 1e160, rel=1e-9)
    shifted = metrics.frechet_classifier_distance(real, real + 3)
    assert shifted == pytest.approx(4 * 9, rel=1e-12)


@pytest.mark.usefixtures("small_blocks")
def test_kernel_distance_by_its_definition():
    real, fake = RNG.normal(size=(20, 3)), RNG.normal(0.5, 1, size=(15, 3))

    def kernel(a, b):
        return (a @ b.T / 3 + 1) ** 3

    xx, yy, xy = kernel(real, real), kernel(fake, fake), kernel(real, fake)
    biased = xx.mean() + yy.mean() - 2 * xy.mean()
    assert metrics.kernel_classifier_distance(real, fake, unbiased=False) == pytest.approx(biased, rel=1e-10)
    unbiased = (xx.sum() - np.trace(xx)) / (20 * 19) + (yy.sum() - np.trace(yy)) / (15 * 14) - 2 * xy.mean()
    assert metrics.kernel_classifier_distance(real, fake) == pytest.approx(unbiased, rel=1e-10)
    assert metrics.kernel_classifier_distance(real, real[::-1], unbiased=False) < 1e-12


def test_kernel_distance_of_degree_one_is_that_of_the_means():
    real, fake = RNG.normal(size=(500, 4)), RNG.normal(1, 1, size=(400, 4))
    wanted = ((real.mean(0) - fake.mean(0)) ** 2).sum() / 4
    got = metrics.kernel_classifier_distance(real, fake, degree=1, unbiased=False)
    assert got == pytest.approx(wanted, rel=1e-10)


def test_unbiased_kernel_distance_is_zero_on_average():
    values = [metrics.kernel_classifier_distance(*RNG.normal(size=(2, 30, 4))) for _ in range(300)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(300)
    assert min(values) < 0


@pytest.mark.usefixtures("small_blocks")
def test_precision_and_recall_by_their_definition():
    real, fake = RNG.normal(size=(40, 2)), RNG.normal(0.7, 0.5, size=(30, 2))

    def inside(points, centers):
        reach = np.sort(naive_squares(centers, centers), 1)[:, 3]
        return (naive_squares(points, centers) <= reach).any(1).mean()

    found = metrics.precision_recall(real, fake)
    assert found == (inside(fake, real), inside(real, fake))
    assert 0 < found.recall < found.precision < 1


def test_precision_and_recall_of_known_sets():
    points = np.arange(10.0)[:, None]
    assert metrics.precision_recall(points, points) == (1, 1)
    assert metrics.precision_recall(points, points + 1000) == (0, 0)
    one = np.full((10, 1), 4.5)  # one good sample again and again: all good, no variety
    assert metrics.precision_recall(points, one) == (1, 0)
    same = np.full((10, 3), 0.1)
    assert metrics.precision_recall(same, same) == (1, 1)
    assert metrics.precision_recall([[-2.0], [1.0], [3.0]], [[1.9], [4.9], [4.95]], k=1) == (1, 2 / 3)


@pytest.mark.usefixtures("small_blocks")
def test_nearest_neighbours_tell_known_sets():
    points = RNG.normal(size=(50, 3))
    assert metrics.nearest_neighbour_test(points, points + 100) == (1, 1, 1)
    assert metrics.nearest_neighbour_test(points, points.copy()) == (
        0,
        0,
        0,
    )  # copied, as by a generator that memorises
    collapsed = points[:1] + 1e-3 * RNG.normal(size=(50, 3))
    found = metrics.nearest_neighbour_test(points, collapsed)
    assert found.fake >= 0.98
    assert found.real < 0.98
    assert metrics.nearest_neighbour_test([[0.0], [1.0]], [[0.6], [1.5]]) == (0, 0, 0)
    assert metrics.nearest_neighbour_test([[0.0], [2.0]], [[1.0], [5.0]]) == (0, 0, 0)
    assert metrics.nearest_neighbour_test([[0.0], [1.0]], [[2.0], [4.0]]) == (0.625, 0.75, 0.5)  # 1 is a tie


def test_nearest_neighbours_of_one_distribution_are_right_half_the_time():
    found = metrics.nearest_neighbour_test(*RNG.normal(size=(2, 2000, 4)))
    assert abs(found.accuracy - 0.5) < 0.04
    assert found.accuracy == (found.real + found.fake) / 2


def test_classifier_score_from_one_to_the_number_of_classes():
    assert metrics.classifier_score(np.eye(10)) == pytest.approx(10, rel=1e-14)
    assert metrics.classifier_score(np.full((5, 10), 0.1)) == pytest.approx(1, rel=1e-14)
    assert metrics.classifier_score(np.eye(10)[[3] * 7]) == pytest.approx(1, rel=1e-14)
    p = RNG.dirichlet(np.ones(4), 20)
    wanted = np.exp((p * (np.log(p) - np.log(p.mean(0)))).sum(1).mean())
    assert metrics.classifier_score(p) == pytest.approx(wanted, rel=1e-13)
    assert metrics.classifier_score(p.astype(np.float32)) == pytest.approx(wanted, rel=1e-6)


GOOD = np.zeros((4, 2))
TWO_SETS = [
    metrics.precision_recall,
    metrics.nearest_neighbour_test,
    metrics.frechet_classifier_distance,
    metrics.kernel_classifier_distance,
]


@pytest.mark.parametrize("metric", TWO_SETS, ids=[metric.__name__ for metric in TWO_SETS])
def test_sets_that_cannot_be_compared(metric):
    name = rf"\[{metric.__name__}\] expected "
    with pytest.raises(ValueError, match=name + r"samples of one dimension, got \(4, 2\) and \(4, 3\)"):
        metric(GOOD, np.zeros((4, 3)))
    with pytest.raises(ValueError, match=name + r"fake to be finite .* got nan at \(1, 0\)"):
        metric(GOOD, [[0, 1], [np.nan, 2], [3, 4]])
    with pytest.raises(ValueError, match=name + r"real of shape \(N, D\), got \(4, 2, 1\)"):
        metric(GOOD[..., None], GOOD)
    with pytest.raises(ValueError, match=name + "at least 2 samples in fake, got 1"):
        metric(GOOD, GOOD[:1])
    with pytest.raises(ValueError, match=name + "at least 2 samples in real, got 0"):
        metric(GOOD[:0], GOOD)
    with pytest.raises(TypeError, match=name + "fake to hold real numbers, got dtype complex128"):
        metric(GOOD, GOOD * 1j)


def test_other_bad_arguments():
    with pytest.raises(ValueError, match=r"expected k to be an integer in 1 … 3, got 4"):
        metrics.precision_recall(GOOD, GOOD, k=4)
    with pytest.raises(TypeError, match="expected k to be an integer in 1 … 3, got float"):
        metrics.precision_recall(GOOD, GOOD, k=2.0)
    with pytest.raises(ValueError, match="expected two equal sizes, got 4 and 3"):
        metrics.nearest_neighbour_test(GOOD, GOOD[:3])
    with pytest.raises(ValueError, match="expected symmetric covariances"):
        metrics.frechet_distance([0, 0], [[1, 2], [0, 1]], [0, 0], np.eye(2))
    with pytest.raises(ValueError, match="expected covariances that are positive semi-definite, got the eigenvalue -1"):
        metrics.frechet_distance([0, 0], [[1, 2], [2, 1]], [0, 0], np.eye(2))
    with pytest.raises(ValueError, match=r"expected two means \(D,\) and two covariances \(D, D\), got \(2,\), \(3,\)"):
        metrics.frechet_distance([0, 0], np.eye(2), [0, 0, 0], np.eye(2))
    with pytest.raises(ValueError, match="expected features small enough for a kernel of degree 16"):
        metrics.kernel_classifier_distance(GOOD + 1e50, GOOD, degree=16)
    with pytest.raises(ValueError, match=r"\[classifier_score\] expected rows of probabilities .* got \[0.5, 0.6\]"):
        metrics.classifier_score([[0.5, 0.5], [0.5, 0.6]])
