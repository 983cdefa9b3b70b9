"""Initialisations: distributions, in place, seeded."""

import math

import numpy as np
import pytest

import pydl
from pydl import nn
from pydl.nn import init

DRAWS = [
    init.uniform_, init.normal_, init.trunc_normal_, init.xavier_uniform_, init.xavier_normal_,
    init.kaiming_uniform_, init.kaiming_normal_, init.orthogonal_,
]  # fmt: skip


@pytest.mark.parametrize("draw", DRAWS)
def test_the_same_seed_gives_the_same_bits_in_place(draw):
    weight = nn.Parameter(pydl.zeros(6, 4, 3, 3))
    version = weight._shared_version().count
    pydl.manual_seed(5)
    assert draw(weight) is weight
    first = weight.detach().numpy().copy()
    assert weight._shared_version().count > version
    assert weight.is_leaf
    assert first.any()
    generator = pydl.Generator().manual_seed(5)
    draw(weight, generator=generator)
    np.testing.assert_array_equal(weight.detach().numpy(), first)
    draw(weight, generator=generator)
    assert (weight.detach().numpy() != first).any()


@pytest.mark.parametrize(
    ("draw", "options", "std", "bound"),
    [
        (init.uniform_, {"a": -2, "b": 2}, 4 / math.sqrt(12), 2),
        (init.normal_, {"std": 0.5}, 0.5, math.inf),
        (init.xavier_uniform_, {"gain": 2}, 2 * math.sqrt(2 / 4500), 2 * math.sqrt(6 / 4500)),
        (init.xavier_normal_, {}, math.sqrt(2 / 4500), math.inf),
        (init.kaiming_uniform_, {"a": math.sqrt(5)}, 1 / math.sqrt(3 * 1800), 1 / math.sqrt(1800)),
        (init.kaiming_normal_, {"mode": "fan_out", "nonlinearity": "relu"}, math.sqrt(2 / 2700), math.inf),
        (init.trunc_normal_, {"std": 1.0, "a": -1, "b": 1}, 0.539560, 1),
    ],
)
def test_moments_and_bounds(draw, options, std, bound):
    weight = draw(pydl.zeros(300, 200, 3, 3), **options).numpy()
    assert abs(weight.mean()) < 5 * std / math.sqrt(weight.size)
    assert abs(weight.std() / std - 1) < 0.01
    assert np.abs(weight).max() <= bound


@pytest.mark.timeout(30)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_normal_number_cut_to_a_narrow_interval(dtype):
    x = init.trunc_normal_(pydl.zeros(40000, dtype=dtype), 0.0, 1e30).numpy()  # as good as uniform in [-2, 2]
    assert -2 <= x.min() < -1.99
    assert 1.99 < x.max() <= 2
    assert abs(x.mean()) < 0.03
    assert abs(x.std() - 4 / math.sqrt(12)) < 0.02
    assert init.trunc_normal_(pydl.ones(3, dtype=dtype), 0.0, 1.0, 0.0, 0.0).tolist() == [0, 0, 0]
    assert init.trunc_normal_(pydl.zeros(3, dtype=dtype), 0.5, 0.0).tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.7), (-0.3, 0.3), (-0.05, 0.75), (-1.0, 1.0), (-math.inf, 0.5)])
def test_a_cut_normal_number_has_its_distribution(a, b):
    pydl.manual_seed(3)
    x = init.trunc_normal_(pydl.zeros(40000, dtype="float64"), 1.0, 2.0, 1 + 2 * a, 1 + 2 * b).numpy()
    assert 1 + 2 * a <= x.min() < x.max() <= 1 + 2 * b
    low, high = math.erfc(-a / math.sqrt(2)), math.erfc(-b / math.sqrt(2))
    for share in np.linspace(max(a, -3), b, 9):
        expected = (math.erfc(-share / math.sqrt(2)) - low) / (high - low)
        assert abs((x <= 1 + 2 * share).mean() - expected) < 0.01


def test_layers_begin_as_pytorchs_do():
    layer = nn.Linear(50, 400)
    assert np.abs(layer.weight.detach().numpy()).max() <= 1 / math.sqrt(50)
    assert 0.9 / math.sqrt(50) < np.abs(layer.bias.detach().numpy()).max() <= 1 / math.sqrt(50)
    conv = nn.ConvTranspose2d(8, 60, 3)
    bound = 1 / math.sqrt(60 * 9)
    assert 0.9 * bound < np.abs(conv.weight.detach().numpy()).max() <= bound
    norm = nn.BatchNorm2d(3)
    assert norm.weight.detach().tolist() == [1, 1, 1]
    table = nn.Embedding(2000, 4, padding_idx=-1).weight.detach().numpy()
    assert abs(table[:-1].std() - 1) < 0.05
    assert not table[-1].any()


def test_constants_eye_dirac_and_orthogonal():
    assert init.constant_(pydl.zeros(2), 3).tolist() == [3, 3]
    assert init.ones_(pydl.zeros(2)).tolist() == [1, 1]
    assert init.zeros_(pydl.ones(2)).tolist() == [0, 0]
    np.testing.assert_array_equal(init.eye_(pydl.ones(2, 3)).numpy(), np.eye(2, 3))
    x = np.random.default_rng(0).standard_normal((1, 4, 5, 5)).astype("f4")
    weight = init.dirac_(pydl.ones(4, 2, 3, 3), groups=2).numpy()
    assert weight.sum() == 4
    assert weight[0, 0, 1, 1] == weight[3, 1, 1, 1] == 1
    assert x.shape[1] == 4
    for shape in [(3, 8), (8, 3), (4, 2, 3)]:
        q = init.orthogonal_(pydl.zeros(*shape, dtype="float64"), gain=2).numpy().reshape(shape[0], -1)
        q = q if q.shape[0] <= q.shape[1] else q.T
        np.testing.assert_allclose(q @ q.T, 4 * np.eye(q.shape[0]), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: init.kaiming_uniform_(pydl.zeros(3)), ValueError, "at least 2 dimensions, got shape"),
        (lambda: init.xavier_normal_(np.zeros((2, 2))), TypeError, "expected tensor as a tensor, got ndarray"),
        (lambda: init.kaiming_normal_(pydl.zeros(2, 2), mode="in"), ValueError, "got 'in'"),
        (lambda: init.calculate_gain("swish"), ValueError, r"\[calculate_gain\] .* got 'swish'"),
        (
            lambda: init.normal_(pydl.zeros(2), std=-1),
            ValueError,
            r"\[normal_\] expected std to be .* >= 0, got -1",
        ),
        (lambda: init.trunc_normal_(pydl.zeros(2), 9.0), ValueError, "expected mean within"),
        (lambda: init.trunc_normal_(pydl.zeros(2), "a"), TypeError, r"\[trunc_normal_\] expected mean .*, got str"),
        (lambda: init.trunc_normal_(pydl.zeros(2), std=math.inf), ValueError, "expected std to be a finite .* got inf"),
        (lambda: init.trunc_normal_(pydl.zeros(2), b=None), TypeError, r"\[trunc_normal_\] expected b .*NoneType"),
        (lambda: init.xavier_uniform_(pydl.zeros(2, 2), "a"), TypeError, r"\[xavier_uniform_\] expected gain .* str"),
        (lambda: init.xavier_normal_(pydl.zeros(2, 2), None), TypeError, r"\[xavier_normal_\] expected gain .*None"),
        (lambda: init.orthogonal_(pydl.zeros(2, 2), "a"), TypeError, r"\[orthogonal_\] expected gain .* got str"),
        (lambda: init.calculate_gain(["relu"]), ValueError, r"\[calculate_gain\] .* got \['relu'\]"),
        (lambda: init.dirac_(pydl.zeros(2, 2, 3), "a"), TypeError, r"\[dirac_\] expected groups .* got str"),
        (lambda: init.eye_(pydl.zeros(2, 2, 2)), ValueError, r"\[eye_\] expected a matrix"),
        (lambda: init.dirac_(pydl.zeros(3, 2, 1), groups=2), ValueError, r"\[dirac_\] expected groups that divide"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_gains():
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu", 0.2) == math.sqrt(2 / 1.04)
    assert init.calculate_gain("tanh") == 5 / 3
