"""A ReLU, or its gradient, in the pass of the product before it, where nothing else reads what lies between."""

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
