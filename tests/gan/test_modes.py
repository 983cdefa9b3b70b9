"""Mode coverage on points whose figures are known, and on samples of the distributions themselves."""

import numpy as np
import pytest

from pydl import data
from pydl.data import toys
from pydl.gan import metrics
from pydl.gan.reports import ModesReport

CENTERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def test_known_points():
    points = [[0.0, 0.0], [0.0, 2.9], [0.0, 3.1], [13.0, 0.0], [5.0, 5.0], [np.nan, 0.0], [np.inf, 0.0], [1e300, 0.0]]
    found = metrics.mode_coverage(points, CENTERS, 1.0)
    assert found.counts.tolist() == [2, 1, 0, 0]
    assert found.covered == 2
    assert found.high_quality == 3 / 8
    assert found.reverse_kl == pytest.approx(np.log(4) + 2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3), rel=1e-14)
    assert metrics.mode_coverage(points, CENTERS, 1.0, within=4).counts.tolist() == [3, 1, 0, 0]


def test_ends_of_the_divergence():
    assert metrics.histogram_divergence([5, 5, 5]) == 0.0
    assert metrics.histogram_divergence([0, 7, 0, 0]) == pytest.approx(np.log(4), rel=1e-15)
    assert np.isnan(metrics.histogram_divergence([0, 0]))
    found = metrics.mode_coverage([[5.0, 5.0]], CENTERS, 1.0)
    assert (found.covered, found.high_quality) == (0, 0.0)
    assert np.isnan(found.reverse_kl)


@pytest.mark.parametrize(
    ("centers", "std", "floor"), [(toys.ring_centers(), 0.01, 0.0014), (toys.grid_centers(), 0.05, 0.0048)]
)
def test_a_perfect_sampler_reaches_the_ceiling(centers, std, floor):
    rng = np.random.default_rng(0)
    points, _ = toys.mixture(rng, 200_000, centers, std)
    found = metrics.mode_coverage(points, centers, std)
    assert found.high_quality == pytest.approx(1 - np.exp(-4.5), abs=1e-3)
    runs = [metrics.mode_coverage(points[i : i + 2500], centers, std) for i in range(0, 200_000, 2500)]
    assert all(run.covered == len(centers) for run in runs)
    assert np.mean([run.reverse_kl for run in runs]) == pytest.approx(floor, rel=0.1)  # (K - 1) / 2N


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_the_data_sets_cover_themselves(name):
    centers, std = toys.modes_of(name)
    found = metrics.mode_coverage(data.load(name, "train", n=20_000).data, centers, std)
    assert found.covered == len(centers)
    assert found.high_quality == pytest.approx(1 - np.exp(-4.5), abs=0.003)


def test_stacked_digits():
    found = metrics.stacked_coverage([[0, 0, 0], [9, 9, 9], [9, 9, 9], [1, 2, 3]])
    assert (found.modes, found.covered, found.high_quality) == (1000, 3, 1.0)
    assert found.counts[[0, 999, 123]].tolist() == [1, 2, 1]
    assert found.reverse_kl == pytest.approx(np.log(1000) - 1.5 * np.log(2), rel=1e-13)
    every = np.stack(np.unravel_index(np.arange(1000), (10, 10, 10)), axis=1)
    assert metrics.stacked_coverage(every).reverse_kl == 0.0


@pytest.mark.parametrize(("at", "words"), [(9.0, "0 of 4 modes"), (0.0, "1 of 4 modes, with a reverse KL of 1.386")])
def test_shares_of_modes_are_told_where_any_is_reached(at, words):
    report = ModesReport(CENTERS, 0.1)
    report.figures(CENTERS[:1].repeat(5, 0) + at, last=True)
    assert report.words.partition("they reach ")[2].startswith(words)
    assert "nan" not in report.words


def test_a_perfect_sampler_of_stacked_digits():
    digits = np.random.default_rng(0).integers(10, size=(26_000, 3))
    found = metrics.stacked_coverage(digits)
    assert found.covered == 1000
    assert found.reverse_kl == pytest.approx(0.0192, rel=0.1)


def test_the_numbering_is_that_of_the_data_set():
    images = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    stacked = data.stacked.StackedDataset(images, np.arange(10), np.array([[3, 1, 4]]), None, "train")
    assert metrics.stacked_coverage([[3, 1, 4]]).counts.argmax() == stacked.targets[0]


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"\[mode_coverage\] expected samples .* got \(1, 3\) and \(4, 2\)"):
        metrics.mode_coverage([[0.0, 0.0, 0.0]], CENTERS, 1.0)
    with pytest.raises(ValueError, match=r"expected samples \(N, D\), N >= 1"):
        metrics.mode_coverage(np.zeros((0, 2)), CENTERS, 1.0)
    with pytest.raises(ValueError, match="expected std to be a finite number > 0, got 0"):
        metrics.mode_coverage(CENTERS, CENTERS, 0.0)
    with pytest.raises(TypeError, match=r"\[mode_coverage\] expected std to be a finite number > 0, got str"):
        metrics.mode_coverage(CENTERS, CENTERS, "1")
    with pytest.raises(ValueError, match="expected within to be a finite number > 0, got nan"):
        metrics.mode_coverage(CENTERS, CENTERS, 1.0, within=float("nan"))
    with pytest.raises(ValueError, match=r"\[stacked_coverage\] expected digits in 0 … 9, got 10 at \(0, 2\)"):
        metrics.stacked_coverage([[1, 2, 10]])
    with pytest.raises(TypeError, match="expected digits as integers, got dtype float64"):
        metrics.stacked_coverage([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match=r"\[histogram_divergence\] expected K >= 1 counts"):
        metrics.histogram_divergence([-1, 2])
