"""A long series in few numbers."""

import numpy as np
import pytest

from pydl.gan.doctor.history import History


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 31, 32, 33, 1000])
def test_means_of_blocks_that_double(count):
    values = np.random.default_rng(count).normal(size=count)
    history = History(8)
    for value in values:
        history.append(value)
    assert len(history.means) < 8
    blocks = values[: count // history.block * history.block].reshape(-1, history.block)
    np.testing.assert_allclose(history.means, blocks.mean(1), atol=1e-12)
    assert count < 8 * history.block
    assert history.block == 1 or count >= 4 * history.block


def test_its_state_goes_on():
    whole, half = History(8), History(8)
    values = np.random.default_rng(0).normal(size=75)
    for value in values[:37]:
        half.append(value)
    again = History(8)
    again.load_state_dict(half.state_dict())
    for value in values:
        whole.append(value)
    for value in values[37:]:
        again.append(value)
    assert repr(again.state_dict()) == repr(whole.state_dict())
