"""What the tests of the variants share: a small game, its batches, and the bits of a state."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest

import pydl
from pydl import gan, nn, optim


def make(seed=0, kind=gan.GANTask, normalise=False, **options):
    """A task of two small networks on samples of six numbers."""
    pydl.manual_seed(seed)
    generator = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 6), nn.Tanh())
    between = nn.BatchNorm1d(8) if normalise else nn.Identity()
    discriminator = nn.Sequential(nn.Linear(6, 8), between, nn.LeakyReLU(0.2), nn.Linear(8, 1))
    optimizers = [optim.Adam(net.parameters(), lr=1e-2, betas=(0.5, 0.999)) for net in (generator, discriminator)]
    return kind(generator, discriminator, *optimizers, gan.Noise(4), seed=seed, grid_size=5, **options)


def batches(count, size=8):
    """As many batches of samples of six numbers."""
    rng = np.random.default_rng(5)
    return [(pydl.from_numpy(rng.random((size, 6), np.float32)),) for _ in range(count)]


def leaves(value):
    """The leaves of a state, in order."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value, key=str) for leaf in leaves(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [np.asarray(value)] if value is not None else []


def digest(value):
    """The bits of a state."""
    return hashlib.sha256(b"".join(array.tobytes() for array in leaves(value))).hexdigest()


@pytest.fixture
def small():
    """The functions above."""
    return SimpleNamespace(make=make, batches=batches, digest=lambda task: digest(task.state_dict()), bits=digest)
