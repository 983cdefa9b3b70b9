"""Decision regions, loss surfaces with the path of descent, and what is said where matplotlib is missing."""

import importlib.util

import numpy as np
import pytest

from pydl import plot
from pydl.models import Adaline, MLPClassifier, Perceptron, SoftmaxRegression
from pydl.train.errors import MissingExtraError

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array(["same", "other", "other", "same"])


@pytest.fixture
def agg():
    pytest.importorskip("matplotlib").use("Agg")


def painted(figure, path):
    """The pixels of the saved picture."""
    from matplotlib.image import imread

    figure.savefig(path)
    return imread(path)[..., :3]


def test_regions_of_xor(agg, tmp_path):
    """Two layers colour the corners crosswise, in the colours of the classes."""
    model = MLPClassifier(eta=0.05, epochs=300, mode="batch", hidden=(8,)).fit(*XOR)
    assert model.score(*XOR) == 1
    figure = plot.decision_regions(model, *XOR, steps=50)
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["other", "same"]
    image = painted(figure, tmp_path / "xor.png")

    def colour(x, y):
        across, up = axes.transData.transform((x, y))
        return image[int(image.shape[0] - up), int(across)]

    corners = [colour(x, y) for x, y in [(-0.05, -0.05), (-0.05, 1.05), (1.05, -0.05), (1.05, 1.05)]]
    np.testing.assert_allclose(corners[0], corners[3], atol=0.02)
    np.testing.assert_allclose(corners[1], corners[2], atol=0.02)
    assert np.abs(corners[0] - corners[1]).max() > 0.2


def test_regions_of_three_classes_in_given_axes(agg):
    from matplotlib.figure import Figure

    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    X = np.array([[0, 0], [6, 0], [0, 6]])[y] + rng.normal(size=(30, 2))
    axes = Figure().add_subplot()
    assert plot.decision_regions(SoftmaxRegression(eta=0.02).fit(X, y), X, y, axes=axes, steps=20) is axes.figure
    assert len(axes.collections) >= 4


def test_bad_regions(agg):
    model = Perceptron().fit(*XOR)
    with pytest.raises(ValueError, match=r"\[decision_regions\] expected X \(rows, 2\)"):
        plot.decision_regions(model, np.zeros((4, 3)), XOR[1])
    with pytest.raises(ValueError, match=r"\[decision_regions\] expected steps"):
        plot.decision_regions(model, *XOR, steps=1)


def test_a_loss_with_the_path_of_descent(agg, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 1))
    y = (X[:, 0] + 0.3 * rng.normal(size=50) > 0).astype(int)
    path = []
    model = Adaline(eta=0.005, epochs=30).fit(X, y, callback=lambda m: path.append((m.w_[0], float(m.b_))))

    def half_sse(w, b):
        return 0.5 * ((2 * y - 1 - (w * X[:, 0] + b)) ** 2).sum()

    np.testing.assert_allclose([half_sse(*p) for p in path], model.cost_)
    figure = plot.loss_surface(half_sse, path, steps=20)
    drawn = figure.axes[0].lines[0].get_xydata()
    assert np.array_equal(drawn, np.array(path))
    image = painted(figure, tmp_path / "loss.png")
    assert image.std() > 0.1
    assert plot.loss_surface(half_sse, around=(-1, 1, -1, 1), steps=5).axes[0].get_xlim() == (-1, 1)


def test_bad_surfaces(agg):
    with pytest.raises(ValueError, match=r"\[loss_surface\] expected path or around"):
        plot.loss_surface(lambda p, q: p)
    with pytest.raises(ValueError, match=r"\[loss_surface\] expected path as finite numbers \(steps, 2\), got shape"):
        plot.loss_surface(lambda p, q: p, [1.0, 2.0])
    for around in (3, (1, 1, 0, 1), (0, 1, 0, np.inf)):
        with pytest.raises(ValueError, match=r"\[loss_surface\] expected around as p low < high"):
            plot.loss_surface(lambda p, q: p, around=around)
    with pytest.raises(ValueError, match="expected a loss that is finite somewhere"):
        plot.loss_surface(lambda p, q: np.nan, [[0, 0], [1, 1]])


def test_without_matplotlib_the_line_to_type_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "matplotlib" else find(name, *a))
    for draw in (lambda: plot.decision_regions(None, *XOR), lambda: plot.loss_surface(lambda p, q: p)):
        with pytest.raises(MissingExtraError, match=r'needs matplotlib; type:  pip install "pydl\[train\]"'):
            draw()
