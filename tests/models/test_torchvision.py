"""torchvision's networks and ours, with the same weights, give the same scores. Needs torchvision."""

import numpy as np
import pytest

import pydl
from pydl import models, nn

torch = pytest.importorskip("torch")
theirs = pytest.importorskip("torchvision.models")


def twins(name, their_name, **options):
    """The two networks with the same weights and, for normalisations, the same statistics."""
    torch.manual_seed(0)
    first = getattr(theirs, their_name)(num_classes=7, **options)
    for module in first.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.3, 1)
            torch.nn.init.uniform_(module.weight, 0.4, 0.8)
    second = getattr(models, name)(num_classes=7, **options)
    second.load_state_dict({key: value.numpy() for key, value in first.state_dict().items()})
    return first, second


def assert_close(ours, reference):
    ours, reference = ours.detach().numpy(), reference.detach().numpy()
    assert np.abs(ours - reference).max() <= 1e-4 * np.abs(reference).max()


@pytest.mark.parametrize(
    ("name", "their_name", "size", "options"),
    [
        ("AlexNet", "alexnet", (70, 95), {}),
        ("vgg11", "vgg11", (64, 33), {"init_weights": False}),
        ("vgg16_bn", "vgg16_bn", (32, 45), {"init_weights": False}),
        ("GoogLeNet", "googlenet", (65, 90), {"init_weights": False}),
        ("resnet18", "resnet18", (64, 50), {}),
        ("resnet50", "resnet50", (50, 64), {}),
    ],
)
def test_scores(name, their_name, size, options):
    first, second = twins(name, their_name, **options)
    image = torch.rand(2, 3, *size)
    with torch.no_grad(), pydl.no_grad():
        assert_close(second.eval()(pydl.from_numpy(image.numpy())), first.eval()(image))


def test_scores_of_the_auxiliary_heads():
    first, second = twins("GoogLeNet", "googlenet", init_weights=False, dropout=0.0, dropout_aux=0.0)
    for module in second.modules():
        if isinstance(module, nn.Dropout):
            assert module.p == 0
    image = torch.rand(2, 3, 64, 64)
    reference = first.train()(image)
    outputs = second.train()(pydl.from_numpy(image.numpy()))
    assert outputs._fields == reference._fields
    for ours, scores in zip(outputs, reference, strict=True):
        assert_close(ours, scores)
