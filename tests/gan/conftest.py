"""What the tests of the variants share: a small game, its batches, and the bits of a state."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest

import pydl
from pydl import data, gan, models, nn, optim

LABELS = np.array([2, 0, 1, 1, 2, 0, 0, 1])
SHAPES = {"ring": (2,), "digits": (1, 8, 8)}
TINY = {"width": 2, "noise": 4, "hidden": [5], "batch_size": len(LABELS), "seed": 3}


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


def build(model, name="ring", **options):
    """The registry's task with tiny networks in float64; 8 real samples of 3 classes, and as many on the tape."""
    rng, shape = np.random.default_rng(0), (len(LABELS), *SHAPES[name])
    samples = rng.random(shape) if name == "digits" else rng.normal(0, 2, shape)
    part = data.ArrayDataset(samples.astype(np.float32), LABELS, name=name, classes=["a", "b", "c"])
    entry, parts = models.get(model), models.Data(part, part)
    chosen = {key: value for key, value in {**TINY, **options}.items() if key in entry.defaults}
    assert options.keys() <= chosen.keys()
    task = entry.build(parts, models.complete(entry.config(data=name, **chosen), parts))
    read = task.read((pydl.tensor(part.data), pydl.tensor(LABELS)))
    for network in (task.generator, task.discriminator):
        network.double()
    latent = task.latent(read).double()
    real = type(read)(*[None if part is None else part.double() for part in read])
    return task, real, task.generate(latent)


def check(task, loss, outputs, form, rtol=1e-10):
    """`loss` and its slopes in the parameters of both networks are those of `form(*outputs)`: a value, and slopes."""
    value, slopes = form(*(output.detach().numpy() for output in outputs))
    np.testing.assert_allclose(loss.item(), value, rtol=rtol)
    parameters = [*task.generator.parameters(), *task.discriminator.parameters()]
    got = pydl.grad(loss, parameters, allow_unused=True, retain_graph=True)
    moved = [(output, slope) for output, slope in zip(outputs, slopes, strict=True) if output.requires_grad]
    weights = [pydl.tensor(np.broadcast_to(slope, output.shape)) for output, slope in moved]
    ends = [output for output, _ in moved]
    wanted = pydl.grad(ends, parameters, weights, allow_unused=True, retain_graph=True)
    largest = max(float(np.abs(slope.numpy()).max()) for slope in wanted if slope is not None)
    assert largest > 1e-6
    for own, right, parameter in zip(got, wanted, parameters, strict=True):
        pair = [np.zeros(parameter.shape) if slope is None else slope.numpy() for slope in (own, right)]
        np.testing.assert_allclose(*pair, rtol=rtol, atol=rtol * largest)


@pytest.fixture
def assembled():
    """`build` and `check`, for what a variant's task minimises."""
    return SimpleNamespace(build=build, check=check)
