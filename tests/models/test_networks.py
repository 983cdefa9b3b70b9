"""The networks: sizes, parameter counts, and how images are fitted."""

import numpy as np
import pytest

import pydl
from pydl import models
from pydl.models.gan.convolutional import DCDiscriminator, DCGenerator, init_weights, levels
from pydl.models.lenet import fit_image


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_lenet_has_the_known_number_of_parameters():
    assert count(models.LeNet()) == 61_706
    assert count(models.LeNet(channels=3)) == 61_706 + 2 * 25 * 6


def test_cnn():
    assert count(models.CNN()) == (9 + 1) * 32 + (9 * 32 + 1) * 64 + (64 * 49 + 1) * 128 + 129 * 10 == 421_642
    images = pydl.rand(2, 3, 9, 14)
    assert models.CNN((9, 14), 5, channels=3, width=4)(images).shape == (2, 5)
    for size in ((3, 8), (28,)):
        with pytest.raises(ValueError, match=r"\[CNN\] expected image_size as \(H, W\) of at least 4 pixels each, got"):
            models.CNN(size)


@pytest.mark.parametrize("side", [1, 5, 8, 16, 28, 32])
def test_lenet_takes_images_up_to_32_pixels(side):
    assert models.LeNet(5, channels=2)(pydl.rand(3, 2, side, side)).shape == (3, 5)


def test_images_are_enlarged_and_padded():
    small = np.arange(4.0, dtype=np.float32).reshape(1, 1, 2, 2)
    assert np.array_equal(fit_image(pydl.tensor(small)).numpy(), np.kron(small, np.ones((16, 16), np.float32)))
    framed = fit_image(pydl.ones(1, 1, 28, 28)).numpy()
    assert framed.shape == (1, 1, 32, 32)
    assert (framed[0, 0, 2:-2, 2:-2] == 1).all()
    assert framed.sum() == 28 * 28
    uneven = fit_image(pydl.ones(1, 1, 15, 9)).numpy()
    assert uneven.sum() == 4 * 15 * 9


@pytest.mark.parametrize("shape", [(1, 1, 33, 8), (1, 32, 32), (1, 1, 0, 4)])
def test_images_that_do_not_fit(shape):
    with pytest.raises(ValueError, match=r"\[LeNet\] expected images \(N, C, H, W\) of 1 … 32 pixels"):
        fit_image(pydl.zeros(*shape))


def test_mlp_of_any_depth():
    assert count(models.MLP(4, 3, [])) == 4 * 3 + 3
    assert count(models.MLP(4, 3, [5, 6, 7])) == 4 * 5 + 5 + 5 * 6 + 6 + 6 * 7 + 7 + 7 * 3 + 3
    assert models.MLP(12, 3, [5], dropout=0.5)(pydl.rand(2, 3, 2, 2)).shape == (2, 3)


@pytest.mark.parametrize(("side", "form"), [(8, (2, 2)), (28, (7, 2)), (32, (4, 3)), (64, (4, 4)), (12, (3, 2))])
def test_dcgan_sizes(side, form):
    assert levels(side) == form
    images = DCGenerator(6, 3, side, 4)(pydl.rand(2, 6))
    assert images.shape == (2, 3, side, side)
    assert np.abs(images.detach().numpy()).max() <= 1
    assert DCDiscriminator(3, side, 4)(images).shape == (2, 1)


@pytest.mark.parametrize("side", [0, 4, 7, 9, 31, 36, 128])
def test_dcgan_sizes_without_a_form(side):
    with pytest.raises(ValueError, match=r"\[dcgan\] expected images of 8, 12"):
        levels(side)


def test_dcgan_weights_start_as_in_the_paper():
    pydl.manual_seed(0)
    network = DCDiscriminator(1, 32, 32).apply(init_weights)
    for name, parameter in network.named_parameters():
        values = parameter.detach().numpy()
        if name.endswith("bias"):
            assert (values == 0).all()
        else:
            assert abs(values.mean() - (1 if values.ndim == 1 else 0)) < 0.01
            assert abs(values.std() - 0.02) < 0.006
    normed = [type(layer).__name__ for layer in network.layers]
    assert normed[:2] == ["Conv2d", "LeakyReLU"]
    assert normed[-1] == "Conv2d"
