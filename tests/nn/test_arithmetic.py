"""The sizes of outputs and receptive fields, against the layers themselves and published figures."""

import itertools

import numpy as np
import pytest

import pydl
from pydl import nn
from pydl.models.alexnet import AlexNet2012
from pydl.models.vgg import make_layers
from pydl.nn.arithmetic import Field, Window, output_size, receptive_field, windows_of


@pytest.mark.parametrize(
    ("size", "kernel_size", "padding", "stride", "wanted"),
    [(4, 3, 0, 1, 2), (5, 4, 2, 1, 6), (5, 3, 0, 2, 2), (227, 11, 0, 4, 55), (28, 5, 2, 1, 28), (7, 7, 3, 2, 4)],
)
def test_examples(size, kernel_size, padding, stride, wanted):
    assert output_size(size, kernel_size, stride, padding) == wanted
    layer = nn.Conv2d(1, 1, kernel_size, stride, padding)
    assert layer(pydl.zeros(1, 1, size, size)).shape == (1, 1, wanted, wanted)


WINDOWS = list(itertools.product((1, 2, 4, 5, 9), (1, 2, 3, 5), (1, 2, 3), (0, 1), (1, 2)))


def test_every_window_gives_what_is_computed():
    for n, k, s, p, d in WINDOWS:
        image = pydl.zeros(1, 1, n, n)
        layers = [(nn.Conv2d(1, 1, k, s, p, d), False)]
        if p <= k // 2:
            layers += [(nn.MaxPool2d(k, s, p, d, ceil_mode=ceil), ceil) for ceil in (False, True)]
        for layer, ceil in layers:
            room = n + 2 * p - d * (k - 1) - 1
            if room < (1 - s if ceil else 0):
                with pytest.raises(ValueError, match=r"\[output_size\] expected a window of at most"):
                    output_size(n, k, s, p, d, ceil)
                with pytest.raises(ValueError, match="expected a kernel"):
                    layer(image)
            else:
                assert layer(image).shape[2] == output_size(n, k, s, p, d, ceil)


def test_ceil_mode_keeps_a_window_that_ends_beyond_the_image():
    assert output_size(2, 3, 2, ceil_mode=True) == 1
    assert nn.MaxPool2d(3, 2, ceil_mode=True)(pydl.ones(1, 1, 2, 2)).tolist() == [[[[1.0]]]]
    image = pydl.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert nn.AvgPool2d(3, 2, ceil_mode=True)(image).tolist() == [[[[10 / 4]]]]
    assert nn.functional.sum_pool2d(image, 3, 2, ceil_mode=True).tolist() == [[[[10.0]]]]
    with pytest.raises(ValueError, match="a kernel less than a stride beyond the padded input of 1 x 1, got one that"):
        nn.MaxPool2d(3, 2, ceil_mode=True)(pydl.ones(1, 1, 1, 1))


def test_published_receptive_fields():
    """Araujo et al. 2019 print 195 pixels for AlexNet and 212 for VGG-16, with a step of 32."""
    assert receptive_field(windows_of(AlexNet2012().features))[:2] == (195, 32)
    assert receptive_field(windows_of(make_layers(16)))[:2] == (212, 32)


def test_a_receptive_field_is_what_changes_the_output():
    network = nn.Sequential(nn.Conv2d(1, 1, 3, 2, 1), nn.AvgPool2d(2), nn.Conv2d(1, 1, (3, 1), dilation=2))
    field = receptive_field(windows_of(network))
    assert field == Field(21, 4, -1)
    image = pydl.rand(1, 1, 40, 40, requires_grad=True)
    network(image)[0, 0, 1, 1].backward()
    rows = np.flatnonzero(image.grad.numpy()[0, 0].any(1))
    first = field.start + field.step
    # Dilation leaves gaps: of the 21 rows, the outermost are seen.
    assert (rows[0], rows[-1]) == (first, first + field.size - 1)
    assert windows_of(network, dim=1)[-1] == Window(1, 1, 0, 2)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: output_size(4, 0), ValueError, r"\[output_size\] expected kernel_size"),
        (
            lambda: output_size(4, 3, 1.5),
            TypeError,
            r"expected stride to be an integer >= 1, got float",
        ),
        (lambda: output_size(0, 1), ValueError, r"\[output_size\] expected size"),
        (lambda: receptive_field([(3, 0)]), ValueError, r"\[receptive_field\] expected stride"),
        (lambda: receptive_field([3]), ValueError, r"\[receptive_field\] expected a window .*, got 3"),
        (lambda: windows_of(nn.Conv2d(1, 1, 3, padding="same")), ValueError, r"expected padding as integers"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_the_three_poolings():
    image = pydl.tensor([[[[6.0, 6, 6, 6], [4, 5, 5, 4], [2, 4, 4, 2], [2, 4, 4, 2]]]])
    wanted = {nn.MaxPool2d: [[6, 6], [4, 4]], nn.AvgPool2d: [[5.25, 5.25], [3, 3]], nn.SumPool2d: [[21, 21], [12, 12]]}
    for pool, values in wanted.items():
        assert pool(2)(image).numpy()[0, 0].tolist() == values
