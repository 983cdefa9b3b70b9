"""The share of images that show the class asked for."""

import numpy as np
import pytest

from pydl import data, nn
from pydl.gan.asked import AskedReport
from pydl.gan.quality import Judge


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
