"""The share of images that show the class asked for."""

import numpy as np
import pytest

from pydl import data, nn
from pydl.gan.reports import AskedReport, Judge


class Known(nn.Module):
    """Scores are the image's own numbers."""

    def forward(self, input):
        return input.flatten(1)


def images(kinds):
    return np.eye(4, dtype=np.float32)[np.asarray(kinds)].reshape(-1, 1, 2, 2)


def test_share_of_the_class_asked_for():
    part = data.ArrayDataset(images(range(4)), np.arange(4), classes=["a", "b", "c", "d"])
    report = AskedReport(part, part)
    report.judge = Judge(Known(), images(range(4)), np.arange(4))
    assert report.figures(images([0, 1, 2, 3, 0, 1]), False)["asked"] == 1.0
    found = report.figures(images([0, 1, 2, 0, 0, 0, 0, 0]), False)
    assert found["asked"] == pytest.approx(4 / 8)
    assert set(found) == {"asked", "sure", "classes"}


def test_at_the_end_the_share_of_each_class():
    part = data.ArrayDataset(images(range(4)), np.arange(4), classes=["a", "b", "c", "d"])
    report = AskedReport(part, part)
    report.judge = Judge(nn.Sequential(nn.Flatten(), nn.Identity()), images(range(4)), np.arange(4))
    found = report.figures(images([0, 1, 2, 0, 0, 1, 2, 3, 0, 1, 0, 3]), True)
    assert [found[f"asked/{name}"] for name in "abcd"] == [1.0, 1.0, pytest.approx(2 / 3), pytest.approx(2 / 3)]
    assert {name for name in found if "/" not in name} == {"asked", "sure", "classes"}
    assert found["judge/sure_real"] <= 1.0
    assert report.words.endswith("; 83.3% show the class asked for, 66.7% where that is c")
