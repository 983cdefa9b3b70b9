import numpy as np
import pytest

from pydl.data import ArrayDataset


@pytest.fixture
def images():
    """Forty uint8 images (1, 6, 5) and their labels, as an ArrayDataset."""
    rng = np.random.default_rng(7)
    return ArrayDataset(rng.integers(0, 256, (40, 1, 6, 5), np.uint8), np.arange(40))
