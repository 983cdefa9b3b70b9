"""Networks and GANs of pydl.models, captured and eager: the same bits."""

import sys
from pathlib import Path

import numpy as np
import pytest

import pydl
from pydl import models, nn
from pydl.models.resnet import BasicBlock, Bottleneck, ResNet
from pydl.nn import functional as F
from pydl.train import Classifier, DivergenceError

CALLS = 6

NETWORKS = {
    "lenet": (lambda: models.LeNet(), (4, 1, 12, 12)),
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


VARIANTS = ["gan", "dcgan", "lsgan", "wgan", "wgan-gp", "dragan", "cgan", "acgan", "infogan", "ebgan", "began",
            "pacgan", "unrolled-gan", "improved-gan", "semi-gan", "stacked-gan", "stylegan", "spade"]  # fmt: skip


def eager(zoo, monkeypatch, variant, **options):
    """The task of the variant, whose steps are not recorded."""
    with monkeypatch.context() as patched:
        patched.setattr("pydl.gan.trainer.recorded", lambda function: function)
        return zoo.make(variant, **options)[0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_gans_with_their_two_optimizers(zoo, monkeypatch, variant):
    task, batches, _ = zoo.make(variant)
    twin = eager(zoo, monkeypatch, variant)
    for i in range(CALLS * task.k):
        if i == CALLS * task.k - 1:
            for optimizer in (task.optimizer_d, twin.optimizer_d):
                optimizer.param_groups[0]["lr"] *= 0.5
        assert task.step(batches[i % len(batches)]) == twin.step(batches[i % len(batches)])
    assert zoo.same(task.state_dict(), twin.state_dict())
    # Where the levels of a stacked GAN are joined after three steps, there is no time to record what was before.
    assert (task._descend_d.recordings, task._descend_g.recordings) == (1, 1)


def test_a_gan_that_diverges_after_it_was_recorded(zoo, monkeypatch):
    """The loss is looked at before the update, in a replay too: the parameters stay as they were."""
    task, batches, _ = zoo.make("wgan", k=1, norm="none")
    twin = eager(zoo, monkeypatch, "wgan", k=1, norm="none")
    bad = [part.clone() for part in batches[0]]
    bad[0][0, 0, 0, 0] = float("inf")
    for this in (task, twin):
        for _ in range(4):
            this.step(batches[0])
        with pytest.raises(DivergenceError, match=r"loss_d = (nan|-?inf)") as caught:
            this.step(bad)
        assert caught.value.figure == "loss_d"
    assert task._descend_d.recordings == 1
    assert zoo.same(task.discriminator.state_dict(), twin.discriminator.state_dict())
    assert task.step(batches[1]) == twin.step(batches[1])


def test_a_classifier(zoo):
    _, batches, _ = zoo.make("gan")
    figures = []
    for capture in (False, True):
        pydl.manual_seed(0)
        net = models.MLP(64, 10, [8])
        task = Classifier(net, pydl.optim.SGD(net.parameters(), lr=0.1), F.cross_entropy, capture=capture)
        figures.append([task.step(batch) for batch in [*batches, *batches[:2]]])
    assert figures[0] == figures[1]
    assert task._update.recordings == 1


TRAINED = ["perceptron", "adaline", "logistic", "softmax", "mlp", "cnn", "lenet", "lenet5", "alexnet", "googlenet",
           "vgg11", "vgg11_bn", "resnet18", "resnet20", "plain20"]  # fmt: skip


@pytest.mark.parametrize("name", TRAINED)
def test_what_pydl_train_builds_is_recorded(zoo, name):
    """A warning, as of a step that runs eagerly, would be an error."""
    parts, entry = zoo.parts_of("digits"), models.get(name)
    task = entry.build(parts, models.complete(entry.config(data="digits", batch_size=8), parts))
    for images, labels in list(zoo.data.DataLoader(parts.train, 8))[:5]:
        figures = task.step((images, labels))
    assert np.isfinite(figures["loss"])
    assert task._update.recordings == 1
