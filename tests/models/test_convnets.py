"""The networks of the papers: published numbers of parameters, torchvision's keys, the shapes they take and give."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

import pydl
from pydl import models, nn
from pydl.models import lenet5
from pydl.models.cifar_resnet import CifarBlock
from pydl.models.resnet import BasicBlock, Bottleneck
from pydl.models.vgg import make_layers
from pydl.nn import init

# The number of torchvision 0.28's parameters, and the SHA-256 of its lines "key shape\n".
TORCHVISION = {
    "AlexNet": (61_100_840, "214045a0c08ffc98"),
    "vgg11": (132_863_336, "a4a2a4a84e73de05"),
    "vgg11_bn": (132_868_840, "6aaf84aad4159200"),
    "vgg13": (133_047_848, "9dc9518e7646fe47"),
    "vgg13_bn": (133_053_736, "9a11dd9903f0e3cf"),
    "vgg16": (138_357_544, "6f36a6fd49b61819"),
    "vgg16_bn": (138_365_992, "5f99e428d932f79e"),
    "vgg19": (143_667_240, "e05a894c9ad13251"),
    "vgg19_bn": (143_678_248, "4c042cc97e1d6342"),
    "GoogLeNet": (13_004_888, "e2cf6c5ea7661fad"),
    "resnet18": (11_689_512, "761022b221a39ceb"),
    "resnet34": (21_797_672, "1a060acae7a42530"),
    "resnet50": (25_557_032, "3fa57287149b51c4"),
    "resnet101": (44_549_160, "0e9191dd134cb07d"),
    "resnet152": (60_192_808, "47360b6062c7afaa"),
}


def count(module):
    return sum(p.numel() for p in module.parameters())


def keys(module):
    return "".join(f"{key} {tuple(value.shape)}\n" for key, value in module.state_dict().items())


@pytest.fixture
def unfilled(monkeypatch):
    """Weights are not drawn: their zeros take no memory until they are touched."""
    for name in ("uniform_", "normal_", "trunc_normal_"):
        monkeypatch.setattr(init, name, lambda tensor, *args, **kwargs: tensor)


@pytest.mark.parametrize("name", TORCHVISION)
def test_parameters_and_keys_are_torchvisions(unfilled, name):
    network = getattr(models, name)()
    assert count(network) == TORCHVISION[name][0]
    assert hashlib.sha256(keys(network).encode()).hexdigest()[:16] == TORCHVISION[name][1]


def test_other_published_numbers(unfilled):
    assert count(models.AlexNet2012()) == 60_965_224
    assert count(models.GoogLeNet(aux_logits=False)) == 6_624_904
    for depth, number in {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}.items():
        assert count(models.CifarResNet(depth)) == number
        assert keys(models.CifarResNet(depth, shortcut=False)) == keys(models.CifarResNet(depth))


def test_lenet5_has_the_papers_numbers_in_every_layer():
    network = models.LeNet5()
    numbers = {name: count(module) for name, module in network.named_children()}
    assert numbers == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}
    assert count(network) == 60_000
    assert network(pydl.rand(2, 1, 28, 28)).shape == (2, 10)


def test_lenet5_is_connected_as_in_table_1():
    layer = lenet5.PartialConv()
    image = pydl.rand(1, 6, 5, 5, requires_grad=True)
    maps = layer(image)
    for output, inputs in enumerate(lenet5.CONNECTIONS):
        image.grad = None
        maps[0, output].sum().backward(retain_graph=True)
        assert np.flatnonzero(image.grad.numpy().any((0, 2, 3))).tolist() == list(inputs)
    kernel = layer.weight.detach().numpy()[:3]
    wanted = (image.detach().numpy()[0, :3] * kernel).sum() + layer.bias.detach().numpy()[0]
    assert maps[0, 0].item() == pytest.approx(wanted, rel=1e-5)


def test_lenet5_pieces():
    assert lenet5.squash(pydl.tensor([1.0, -1.0])).numpy() == pytest.approx([1, -1], abs=1e-4)
    layer = lenet5.Subsampling(2)
    layer.weight.data[:] = pydl.tensor([[[0.5]], [[2.0]]])
    layer.bias.data[:] = pydl.tensor([[[1.0]], [[0.0]]])
    assert layer(pydl.ones(1, 2, 2, 2)).detach().numpy().reshape(-1).tolist() == [3, 8]
    codes = models.LeNet5(num_classes=26).codes.numpy()
    assert codes.shape == (26, 84)
    assert set(codes.reshape(-1)) == {-1, 1}
    assert len({row.tobytes() for row in codes}) == 26


SMALL = {
    "AlexNet": lambda channels: models.AlexNet(5, channels=channels, small=True),
    "vgg11": lambda channels: models.vgg11(num_classes=5, channels=channels, small=True),
    "vgg13_bn": lambda channels: models.vgg13_bn(num_classes=5, channels=channels, small=True),
    "GoogLeNet": lambda channels: models.GoogLeNet(5, channels=channels, small=True).eval(),
    "resnet18": lambda channels: models.resnet18(num_classes=5, channels=channels, small=True),
    "resnet50": lambda channels: models.resnet50(num_classes=5, channels=channels, small=True),
    "CifarResNet": lambda channels: models.CifarResNet(8, 5, channels=channels),
    "plain": lambda channels: models.CifarResNet(8, 5, channels=channels, shortcut=False),
}


@pytest.mark.parametrize("name", SMALL)
def test_small_images(name):
    network = SMALL[name](2)
    with pydl.no_grad():
        for side in (8, 28):
            assert network(pydl.rand(2, 2, side, side)).shape == (2, 5)
        with pytest.raises(ValueError, match=r"\[conv2d\] expected input with 2 channels .*, got 3"):
            network(pydl.rand(2, 3, 28, 28))


@pytest.mark.parametrize(("name", "told"), [("AlexNet", "AlexNet"), ("vgg11", "VGG"), ("GoogLeNet", "GoogLeNet")])
def test_images_too_large_for_a_small_network(unfilled, name, told):
    with pytest.raises(ValueError, match=rf"\[{told}\] expected images \(N, C, H, W\) of 1 … 32 pixels"):
        SMALL[name](1)(pydl.rand(1, 1, 33, 33))


def test_an_image_too_small_is_refused(unfilled):
    with pytest.raises(ValueError, match="expected"):
        models.AlexNet(10)(pydl.rand(1, 3, 32, 32))


def test_googlenet_has_heads_in_training_alone():
    network = models.GoogLeNet(5, channels=1, small=True)
    outputs = network(pydl.rand(2, 1, 16, 16))
    assert outputs._fields == ("logits", "aux_logits2", "aux_logits1")
    assert [scores.shape for scores in outputs] == [(2, 5)] * 3
    sum(scores.sum() for scores in outputs).backward()
    assert all(p.grad is not None for p in network.parameters())


def test_googlenet_takes_what_its_poolings_leave_something_of(unfilled):
    network = models.GoogLeNet(5, aux_logits=False, init_weights=False).eval()
    for side in (15, 20):
        assert network(pydl.rand(1, 3, side, side)).shape == (1, 5)
    with pytest.raises(ValueError, match="expected a kernel"):
        network(pydl.rand(1, 3, 14, 14))


def test_zero_init_makes_every_block_the_identity():
    for kind, channels in ((BasicBlock, 64), (Bottleneck, 256)):
        block = models.ResNet(kind, (2, 1, 1, 1), 2, zero_init_residual=True).layer1[1]
        image = pydl.rand(2, channels, 4, 4)
        assert np.array_equal(block(image).detach().numpy(), image.numpy())


def test_a_shortcut_takes_every_second_pixel_and_adds_empty_maps():
    block = CifarBlock(2, 4, 2, shortcut=True)
    init.zeros_(block.bn2.weight)
    image = pydl.rand(3, 2, 6, 6)
    result = block(image).detach().numpy()
    assert np.array_equal(result[:, :2], image.numpy()[:, :, ::2, ::2])
    assert not result[:, 2:].any()
    plain = CifarBlock(2, 4, 2, shortcut=False)
    init.zeros_(plain.bn2.weight)
    assert not plain(image).detach().numpy().any()


@pytest.mark.parametrize("depth", [0, 7, 18, 21, 20.0, True])
def test_depths_without_a_form(depth):
    with pytest.raises(ValueError, match=r"\[CifarResNet\] expected depth as 6n \+ 2"):
        models.CifarResNet(depth)


def test_vgg_depths_without_a_form():
    with pytest.raises(ValueError, match=r"\[VGG\] expected depth 11, 13, 16 or 19, got 12"):
        make_layers(12)


def test_alexnet_of_the_paper_normalises_over_maps(unfilled):
    """Section 3.3: b = a / (2 + 1e-4 Σ a²)^0.75 over five maps."""
    layer = next(m for m in models.AlexNet2012().modules() if isinstance(m, nn.LocalResponseNorm))
    a = np.random.default_rng(0).standard_normal((1, 9, 2, 2)) * 50
    wanted = [a[:, i] / (2 + 1e-4 * (a[:, max(0, i - 2) : i + 3] ** 2).sum(1)) ** 0.75 for i in range(9)]
    assert layer(pydl.tensor(a)).numpy() == pytest.approx(np.stack(wanted, 1), rel=1e-12)


def test_names_are_imported_when_they_are_used():
    script = (
        "import sys, pydl, pydl.models as m; assert not [n for n in sys.modules if 'alexnet' in n or 'resnet' in n]; "
        "assert m.AlexNet and m.resnet18 and set(m.__all__) <= set(dir(m)); from pydl.models import *; VGG; LeNet5"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
    with pytest.raises(AttributeError, match="has no attribute 'vgg12'"):
        _ = models.vgg12
