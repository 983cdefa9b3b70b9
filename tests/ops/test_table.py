"""Every row of the op table: forward, gradients, layouts, threads."""

import numpy as np
import pytest

import pydl
from pydl.testing import Sample, arrays_of, as_tensors, gradcheck, gradgradcheck
from pydl.testing.cases import OPS

rows = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)


def samples_of(op):
    return list(op.samples(np.random.default_rng(7)))


def references(op, sample):
    result = op.reference(*sample.args, **sample.kwargs)
    return [np.asarray(r) for r in (result if isinstance(result, (tuple, list)) else [result])]


def call(op, sample, dtype, requires_grad=False):
    args, kwargs = as_tensors(sample, dtype, requires_grad)
    return op.function(*args, **kwargs)


def test_the_table_has_no_name_twice():
    names = [op.name for op in OPS]
    assert len(names) == len(set(names))


@rows
def test_forward_equals_the_naive_reference_in_float64(op):
    for sample in samples_of(op):
        for got, expected in zip(arrays_of(call(op, sample, "float64")), references(op, sample), strict=True):
            assert got.shape == expected.shape
            np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-12)


@rows
def test_forward_in_float32_is_within_a_few_roundings(op):
    for sample in samples_of(op):
        rounded = Sample(tuple(a.astype("f4").astype("f8") if _is_float(a) else a for a in sample.args), sample.kwargs)
        outputs = arrays_of(call(op, rounded, "float32"))
        magnitudes = [np.abs(r) for r in references(op, rounded)]
        absolute = op.bound(*(np.abs(a) if _is_float(a) else a for a in rounded.args), **rounded.kwargs)
        if absolute is not None:
            magnitudes = [np.abs(np.asarray(absolute))] * len(outputs)
        for got, expected, magnitude in zip(outputs, references(op, rounded), magnitudes, strict=True):
            if got.dtype.kind == "f":
                assert got.dtype == np.float32
                assert (np.abs(got - expected) <= op.tolerance * magnitude + 1e-37).all()


@rows
def test_gradient_equals_central_differences(op):
    if op.smooth < 1:
        return
    for sample in samples_of(op):
        args, kwargs = as_tensors(sample, "float64", requires_grad=True)
        assert gradcheck(lambda *a, k=kwargs: op.function(*a, **k), args)


@rows
def test_gradient_of_the_gradient_equals_central_differences(op):
    if op.smooth < 2:
        return
    for sample in samples_of(op):
        args, kwargs = as_tensors(sample, "float64", requires_grad=True)
        assert gradgradcheck(lambda *a, k=kwargs: op.function(*a, **k), args)


def _is_float(array):
    return isinstance(array, np.ndarray) and array.dtype.kind == "f"


def layouts(array):
    """The same numbers in other memory."""
    yield np.asfortranarray(array)
    if array.ndim:
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        wide[..., ::2] = array
        yield wide[..., ::2]
        flipped = array[..., ::-1].copy()
        yield flipped[..., ::-1]
    frozen = array.copy()
    frozen.flags.writeable = False
    yield frozen
    odd = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    odd[...] = array
    yield odd
    yield array.astype(array.dtype.newbyteorder())


@rows
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_other_layouts_give_the_bits_of_the_contiguous_copy(op, dtype):
    for sample in samples_of(op):
        plain = arrays_of(call(op, sample, dtype))
        arrays = [a.astype(dtype) if _is_float(a) else a for a in sample.args]
        variants = [list(layouts(a)) if _is_float(a) else None for a in arrays]
        for which in range(6):
            args = [
                pydl.from_numpy(v[which % len(v)]) if v else pydl.tensor(a) if isinstance(a, np.ndarray) else a
                for v, a in zip(variants, arrays, strict=True)
            ]
            kwargs = {k: pydl.tensor(v) if isinstance(v, np.ndarray) else v for k, v in sample.kwargs.items()}
            for got, expected in zip(arrays_of(op.function(*args, **kwargs)), plain, strict=True):
                np.testing.assert_array_equal(got, expected)


@rows
def test_thread_counts_give_the_same_bits(op, threads):
    def run():
        results = []
        for sample in samples_of(op):
            args, kwargs = as_tensors(sample, "float32", requires_grad=op.smooth > 0)
            outputs = op.function(*args, **kwargs)
            results += arrays_of(outputs)
            outputs = [y for y in (outputs if isinstance(outputs, (tuple, list)) else [outputs]) if y.requires_grad]
            wanted = [a for a in args if isinstance(a, pydl.Tensor) and a.requires_grad]
            if outputs and wanted:
                ones = [pydl.ones_like(y) for y in outputs]
                results += [g.numpy() for g in pydl.grad(outputs, wanted, ones, allow_unused=True) if g is not None]
        return results

    threads(1)
    alone = run()
    for count in (2, 3, 4, 7):
        threads(count)
        for got, expected in zip(run(), alone, strict=True):
            np.testing.assert_array_equal(got, expected)
