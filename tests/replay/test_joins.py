"""A ReLU, or its gradient, joins the kernel before it where nothing else reads what lies between."""

from itertools import pairwise

import numpy as np
import pytest

import pydl

F = pydl.nn.functional


def joined(captured):
    (recorded,) = next(iter(captured._recorded.values()))
    return recorded.tape.joined


def layers(*sizes):
    return [pydl.nn.Linear(a, b) for a, b in pairwise(sizes)]


def keeps_nothing(fc, x):
    return fc[2](F.relu(fc[1](F.relu(fc[0](x)))))


def same_name(fc, x):
    h = fc[0](x)
    h = F.relu(h)
    h = fc[1](h)
    h = F.relu(h)
    return fc[2](h)


def reads_between(fc, x):
    h = fc[0](x)
    return fc[2](F.relu(fc[1](F.relu(h) + h)))


def returns_between(fc, x):
    h = fc[1](F.relu(fc[0](x)))
    return fc[2](F.relu(h)), h


def views_between(fc, x):
    h = fc[0](x)
    turned = h.T
    return fc[2](F.relu(fc[1](F.relu(h)))) + turned.sum()


def without_graph(fc, x):
    with pydl.no_grad():
        h = x
        for layer in fc:  # each result may take the memory of the layer's own input
            h = layer(h)
            h = F.relu(h)
    return fc[2](F.relu(fc[1](F.relu(fc[0](x))))) + h


def other_slope(fc, x):
    return fc[2](F.leaky_relu(fc[1](F.relu(fc[0](x)))))


# Gradients of the two ReLUs join the products of the layers above; not where they are added to another at once.
FORWARD = {
    keeps_nothing: 4, same_name: 4, reads_between: 2, returns_between: 2, views_between: 2, other_slope: 2,
    without_graph: 7,
}  # fmt: skip


@pytest.mark.parametrize(("forward", "expected"), FORWARD.items())
def test_what_is_joined_has_the_same_bits(same, forward, expected):
    rng = np.random.default_rng(0)
    calls = [(pydl.from_numpy(rng.standard_normal((9, 20), np.float32)),) for _ in range(6)]

    def make():
        fc = layers(20, 33, 40, 7)
        optimizer = pydl.optim.SGD([p for layer in fc for p in layer.parameters()], lr=0.1)

        def step(x):
            optimizer.zero_grad()
            y = forward(fc, x)
            loss = sum((part * part).mean() for part in (y if isinstance(y, tuple) else (y,)))
            loss.backward()
            optimizer.step()
            return (loss, *y) if isinstance(y, tuple) else loss

        return step, fc

    assert joined(same(make, calls)) == expected


def test_a_joined_relu_does_not_write_where_its_product_reads(same):
    """Without a graph the product's own input is gone when the ReLU asks for memory of that size."""
    rng = np.random.default_rng(0)
    calls = [(pydl.from_numpy(rng.standard_normal((9, 32), np.float32)),) for _ in range(5)]

    def make():
        fc = layers(32, 32, 32, 32, 32)

        def step(x):
            with pydl.no_grad():
                for layer in fc:
                    x = layer(x)
                    x = F.relu(x)
            return x

        return step, fc

    assert joined(same(make, calls)) == 4


# channels, filters, kernel, options, height: one for each loop that a convolution may take
LAYERS = {
    "few filters": (1, 6, 5, {"padding": 2}, 28),
    "narrow lines": (6, 16, 5, {}, 14),
    "few channels": (3, 33, 3, {"stride": 2}, 15),
    "rows": (20, 33, 3, {"stride": 3}, 17),
    "pixels": (40, 24, 1, {}, 9),
    "winograd": (16, 16, 3, {"padding": 1}, 12),
    "tap and filter": (40, 3, 5, {"padding": 2}, 18),
    "depthwise": (32, 32, 3, {"padding": 1, "groups": 32}, 10),
    "grouped": (32, 32, 3, {"padding": 1, "groups": 8}, 10),
    "groups": (12, 36, 3, {"groups": 2}, 10),
    "whole image": (8, 40, 5, {}, 5),
    "whole image, few filters": (8, 3, 5, {}, 5),
}


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_convolutions(same, name, bias, transposed):
    channels, filters, kernel, options, height = LAYERS[name]
    rng = np.random.default_rng(0)
    calls = [(pydl.from_numpy(rng.standard_normal((2, channels, height, height), np.float32)),) for _ in range(5)]

    def make():
        first = pydl.nn.Conv2d(channels, channels, 1)
        kind = pydl.nn.ConvTranspose2d if transposed else pydl.nn.Conv2d
        layer = kind(channels, filters, kernel, bias=bias, **options)
        optimizer = pydl.optim.SGD([*first.parameters(), *layer.parameters()], lr=0.01)

        def step(x):
            optimizer.zero_grad()
            y = F.relu(layer(F.relu(first(x))))
            (y * y).mean().backward()
            optimizer.step()
            return y

        return step, [first, layer]

    assert joined(same(make, calls)) >= 2  # two ReLUs, and a gradient where it lies as the image does


def test_the_gradient_of_a_pool(same):
    rng = np.random.default_rng(0)
    calls = [(pydl.from_numpy(rng.standard_normal((4, 1, 28, 28), np.float32)),) for _ in range(5)]

    def make():
        layer = pydl.nn.Conv2d(1, 6, 5)
        optimizer = pydl.optim.SGD(layer.parameters(), lr=0.01)

        def step(x):
            optimizer.zero_grad()
            loss = F.max_pool2d(F.relu(layer(x)), 2).square().mean()
            loss.backward()
            optimizer.step()
            return loss

        return step, [layer]

    assert joined(same(make, calls)) == 2
