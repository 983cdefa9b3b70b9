"""Networks and GANs of pydl.models, captured and eager: the same bits."""

import sys
from pathlib import Path

import numpy as np
import pytest

import pydl
from pydl import models, nn
from pydl.models.resnet import BasicBlock, Bottleneck, ResNet
from pydl.nn import functional as F

CALLS = 6

NETWORKS = {
    "lenet": (lambda: models.LeNet(1, 10), (4, 1, 12, 12)),
    "lenet5": (lambda: models.LeNet5(), (2, 1, 32, 32)),
    "cnn": (lambda: models.CNN((8, 8), 10, width=4), (4, 1, 8, 8)),
    "mlp": (lambda: models.MLP(16, 10, [8, 8], dropout=0.3), (4, 1, 4, 4)),
    "basic blocks": (lambda: ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10), (2, 3, 32, 32)),
    "bottlenecks": (lambda: ResNet(Bottleneck, [1, 1, 1, 1], num_classes=10), (2, 3, 32, 32)),
    "residual": (lambda: models.CifarResNet(8, 10), (2, 3, 16, 16)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(same, name):
    network, shape = NETWORKS[name]
    rng = np.random.default_rng(0)
    calls = [
        (pydl.from_numpy(rng.standard_normal(shape, np.float32)), pydl.from_numpy(rng.integers(0, 10, shape[0])))
        for _ in range(CALLS)
    ]

    def make():
        net = network()
        optimizer = pydl.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

        def step(x, y):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            return loss

        return step, [net, optimizer]

    same(make, calls)


@pytest.fixture
def zoo(monkeypatch):
    """tests/models/test_gans.py, whose tasks are small."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "models"))
    import test_gans

    yield test_gans
    sys.modules.pop("test_gans", None)


# What a variant reads or counts while it steps.
EAGER = {"infogan": "reads", "acgan": "reads", "semi-gan": "reads", "cyclegan": "reads"}
VARIANTS = ["gan", "dcgan", "lsgan", "wgan", "wgan-gp", "dragan", "cgan", "acgan", "infogan", "ebgan", "pacgan",
            "semi-gan", "stylegan", "spade"]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_gans_with_their_two_optimizers(same, zoo, monkeypatch, variant):
    """One step of each network, without the figures that a task reads for its log."""
    monkeypatch.setattr("pydl.gan.trainer.finite", lambda name, loss: 0.0)
    own = {"k": 1} if "k" in models.get(variant).defaults else {}
    _, batches, _ = zoo.make(variant, **own)

    def make():
        task, _, _ = zoo.make(variant, **own)
        task.beliefs = lambda on_real, on_fake: {}
        task.average = None

        def step(*batch):
            real = task.read(batch)
            task.discriminator_step(real)
            task.generator_step(real)

        return step, [task.generator, task.discriminator, task.optimizer_g, task.optimizer_d]

    refused = EAGER.get(variant, "")
    same(make, [tuple(batch) for batch in batches[:CALLS]], recordings=0 if refused else 1, refused=refused)


def test_a_task_that_reads_its_losses_runs_eagerly(zoo):
    task, batches, _ = zoo.make("dcgan")
    twin, _, _ = zoo.make("dcgan")
    step = pydl.capture(task.step)
    with pytest.warns(UserWarning, match="runs eagerly: it reads a value"):
        figures = [step(tuple(batch)) for batch in batches[:5]]
    assert figures == [twin.step(batch) for batch in batches[:5]]
