"""Every network of benchmarks/networks.py, captured and eager: the same bits."""

import sys
from pathlib import Path

import numpy as np
import pytest

import pydl

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
STEPS = 20


@pytest.fixture
def networks(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import networks

    yield networks
    sys.modules.pop("networks", None)


BATCHES = {"xor": (4, 2), "mlp": (8, 784), "lenet": (4, 1, 28, 28), "vgg11": (2, 3, 32, 32), "resnet18": (2, 3, 32, 32)}


@pytest.mark.parametrize("name", BATCHES)
def test_classifiers(same, networks, name):
    rng = np.random.default_rng(0)
    calls = [
        (pydl.from_numpy(rng.standard_normal(BATCHES[name], np.float32)),
         pydl.from_numpy(rng.integers(0, 2, BATCHES[name][0])))
        for _ in range(STEPS if name in ("xor", "mlp", "lenet") else 6)
    ]  # fmt: skip

    def make():
        net = networks.CLASSIFIERS[name](pydl.nn, pydl.nn.functional)
        optimizer = pydl.optim.Adam(net.parameters(), lr=1e-3)

        def step(x, y):
            optimizer.zero_grad()
            loss = pydl.nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return step, [net, optimizer]

    same(make, calls)


@pytest.mark.parametrize(
    ("name", "batch", "noise", "steps"),
    [("gan2d", (16, 2), (16, 2), STEPS), ("dcgan", (2, 3, 64, 64), (2, 100, 1, 1), 5)],
)
def test_gans(same, networks, name, batch, noise, steps):
    rng, F = np.random.default_rng(0), pydl.nn.functional
    calls = [(pydl.from_numpy(rng.standard_normal(batch, np.float32)),) for _ in range(steps)]

    def make():
        g, d = (make(pydl.nn, F) for make in networks.GANS[name])
        adam_g, adam_d = (pydl.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (g, d))

        def step(x):
            fake = g(pydl.randn(noise))
            adam_d.zero_grad()
            loss = F.softplus(-d(x)).mean() + F.softplus(d(fake.detach())).mean()
            loss.backward()
            adam_d.step()
            adam_g.zero_grad()
            d.requires_grad_(False)
            loss_g = F.softplus(-d(fake)).mean()
            loss_g.backward()
            adam_g.step()
            d.requires_grad_(True)
            return {"d": loss, "g": loss_g}

        return step, [g, d, adam_g, adam_d]

    same(make, calls)
