"""Random numbers: the published test vectors of Philox, moments, dependence on the seed alone."""

import subprocess
import sys

import numpy as np
import pytest

import pydl
from pydl import _cpu

ONES = 2**64 - 1


@pytest.mark.parametrize(
    ("seed", "offset", "stream", "words"),
    [
        (0, 0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (ONES, ONES, ONES, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (0x299F31D0A4093822, 0x85A308D3243F6A88, 0x0370734413198A2E, "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_known_answers(seed, offset, stream, words):
    assert " ".join(f"{word:08x}" for word in _cpu.bits(4, seed, offset, stream)) == words


def test_a_number_depends_on_its_position_alone():
    whole = _cpu.bits(5000, 3, 10)
    assert whole[:777].tobytes() == _cpu.bits(777, 3, 10).tobytes()
    assert whole[4 * 300 :].tobytes() == _cpu.bits(5000 - 1200, 3, 310).tobytes()
    for dtype, per_block in ((np.float32, 4), (np.float64, 2)):
        for kernel in (_cpu.uniform, _cpu.normal):
            numbers = kernel((1000,), dtype, 3, 10)
            assert numbers[:13].tobytes() == kernel((13,), dtype, 3, 10).tobytes()
            assert numbers[64 * per_block :].tobytes() == kernel((1000 - 64 * per_block,), dtype, 3, 74).tobytes()
    assert (
        _cpu.uniform((1000,), np.float32, 3, 10).tobytes() == ((whole[:1000] >> 8).astype(np.float32) / 2**24).tobytes()
    )
    assert _cpu.bernoulli((999,), 3, 10, 0.25).tolist() == (whole[:999] < 2**30).astype(int).tolist()


def test_threads_change_nothing():
    before = pydl.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 5):
            pydl.set_num_threads(threads)
            pydl.manual_seed(11)
            drawn = [
                pydl.rand(70_001),
                pydl.randn(300, 301),
                pydl.randint(-5, 1000, (50_003,)),
                pydl.randperm(999),
            ]
            results.append(b"".join(t.numpy().tobytes() for t in drawn))
    finally:
        pydl.set_num_threads(before)
    assert len(set(results)) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments(dtype):
    n = 1 << 18
    pydl.manual_seed(5)
    u = pydl.rand(n, dtype=dtype).numpy().astype(np.float64)
    assert 0 <= u.min() < 1e-4
    assert 1 - 1e-4 < u.max() < 1
    np.testing.assert_allclose([u.mean(), u.var()], [0.5, 1 / 12], atol=3e-3)
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.01
    z = pydl.randn(n, dtype=dtype).numpy().astype(np.float64)
    np.testing.assert_allclose([z.mean(), z.var(), (z**3).mean(), (z**4).mean()], [0, 1, 0, 3], atol=0.05)
    for lag in (1, 2, 3):
        assert abs(np.corrcoef(z[:-lag], z[lag:])[0, 1]) < 0.01
    x = pydl.normal(3.0, 0.5, (n,), dtype=dtype).numpy()
    np.testing.assert_allclose([x.mean(), x.std()], [3, 0.5], atol=0.01)


def test_normal_numbers_follow_the_normal_distribution():
    from math import erf

    pydl.manual_seed(6)
    z = np.sort(pydl.randn(1 << 16).numpy().astype(np.float64))
    expected = np.array([(1 + erf(v / 2**0.5)) / 2 for v in z[::64]])
    empirical = np.arange(0, 1 << 16, 64) / (1 << 16)
    np.testing.assert_allclose(empirical, expected, atol=1.95 / 2**8)  # Kolmogorov and Smirnov, 0.1 %


def test_integers():
    pydl.manual_seed(7)
    x = pydl.randint(-3, 4, (70_000,)).numpy()
    values, counts = np.unique(x, return_counts=True)
    assert values.tolist() == list(range(-3, 4))
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 22.5  # chi-squared, 6 degrees of freedom, 0.1 %
    assert pydl.randint(5, 6, (3,)).tolist() == [5, 5, 5]
    wide = pydl.randint(-(2**63), 2**63 - 1, (1000,)).numpy()
    assert wide.min() < -(2**62)
    assert wide.max() > 2**62
    assert pydl.randint(10, size := (2, 3)).shape == size


def test_permutation():
    pydl.manual_seed(8)
    p = pydl.randperm(1000)
    assert sorted(p.tolist()) == list(range(1000))
    assert p.tolist() != list(range(1000))
    assert pydl.randperm(0).shape == (0,)
    first = [pydl.randperm(4)[0].item() for _ in range(4000)]
    assert min(np.bincount(first)) > 850


def test_bernoulli():
    pydl.manual_seed(9)
    p = pydl.tensor([0.0, 0.2, 1.0]).expand(20_000, 3)
    drawn = pydl.bernoulli(p)
    np.testing.assert_allclose(drawn.numpy().mean(0), [0, 0.2, 1], atol=0.01)
    assert pydl.zeros(4, 5).bernoulli_(1.0).tolist() == [[1.0] * 5] * 4
    with pytest.raises(ValueError, match=r"\[bernoulli\] expected prob"):
        pydl.bernoulli(pydl.tensor([float("nan")]))
    with pytest.raises(ValueError, match=r"\[bernoulli_\] expected p in \[0, 1\]"):
        pydl.zeros(3).bernoulli_(1.5)


def test_seeds_and_state():
    assert pydl.manual_seed(np.int64(3)) is pydl.default_generator
    assert pydl.initial_seed() == 3
    first = pydl.rand(5).tolist()
    state = pydl.get_rng_state()
    second = pydl.rand(5).tolist()
    assert first != second
    pydl.set_rng_state(state)
    assert pydl.rand(5).tolist() == second
    pydl.manual_seed(3)
    assert pydl.rand(5).tolist() == first
    pydl.manual_seed(2**64 - 1)
    assert pydl.rand(5).tolist() != first
    own = pydl.Generator(3)
    assert pydl.rand(5, generator=own).tolist() == first
    assert pydl.seed() == pydl.initial_seed()
    for bad, error in (
        (-1, ValueError),
        (2**64, ValueError),
        (None, TypeError),
        (1.0, TypeError),
        (True, TypeError),
    ):
        with pytest.raises(error, match=r"\[manual_seed\] expected seed"):
            pydl.manual_seed(bad)
    for bad in ([1], [1.0, 2.0], [-1, 0], "x"):
        with pytest.raises(ValueError, match=r"\[set_state\]"):
            pydl.set_rng_state(bad)


def test_two_processes_draw_the_same():
    code = "import pydl; pydl.manual_seed(42); print(pydl.randn(3).tolist(), pydl.randint(9, (9,)).tolist())"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in "ab"]
    assert runs[0].stdout == runs[1].stdout != ""


def test_numpys_state_is_left_alone():
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    pydl.manual_seed(1)
    pydl.rand(5), pydl.randperm(5)
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


def test_in_place():
    pydl.manual_seed(1)
    x = pydl.zeros(40, 30)
    view = x[:, ::2]
    assert view.uniform_(2.0, 3.0) is view
    assert (x[:, ::2] >= 2).all().item()
    assert (x[:, 1::2] == 0).all().item()
    assert x._version.count == 1
    leaf = pydl.zeros(3, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"\[normal_\]"):
        leaf.normal_()
    with pydl.no_grad():
        assert leaf.normal_().requires_grad


@pytest.mark.parametrize("low", [0.0, -1e30, 1.0, 16777215.0])
def test_uniform_stays_below_its_end(low):
    high = np.nextafter(np.float32(low), np.float32(np.inf)) if low else 3e-45
    x = _cpu.uniform((4096,), np.float32, 1, 0, low, float(high))
    assert (x < high).all()
    assert (x >= np.float32(low)).all()


def test_bad_arguments():
    for call, error, text in [
        (lambda: pydl.rand(-1), ValueError, r"\[rand\] expected sizes >= 0"),
        (lambda: pydl.rand(2.0), TypeError, r"\[rand\] expected sizes as integers"),
        (lambda: pydl.rand(2, dtype=np.int64), TypeError, r"\[rand\] expected dtype"),
        (lambda: pydl.rand(2**40, 2**40), ValueError, r"\[rand\] expected a shape"),
        (lambda: pydl.randint(3, 3, (2,)), ValueError, r"\[randint\] expected low < high"),
        (lambda: pydl.randint(2**63 + 1, (2,)), ValueError, r"\[randint\] expected low < high"),
        (lambda: pydl.randint(1.5, (2,)), TypeError, r"\[randint\]"),
        (lambda: pydl.normal(0.0, -1.0, (2,)), ValueError, r"\[normal\] expected std >= 0"),
        (lambda: pydl.normal(float("nan"), 1.0, (2,)), ValueError, r"\[normal\] expected a finite mean"),
        (lambda: pydl.normal(0.0, pydl.tensor([-1.0])), ValueError, r"\[normal\] expected std >= 0"),
        (lambda: pydl.zeros(2).uniform_(1.0, 0.0), ValueError, r"\[uniform_\] expected low <= high"),
        (
            lambda: pydl.zeros(2).uniform_(-3e38, 3e38),
            ValueError,
            r"\[uniform_\] expected a finite high - low",
        ),
        (lambda: pydl.rand(2, generator=3), TypeError, r"\[rand\] expected generator"),
    ]:
        with pytest.raises(error, match=text):
            call()
