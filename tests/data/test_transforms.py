import numpy as np
import pytest

from pydl.data import samplerng
from pydl.data.transforms import (
    CenterCrop,
    Compose,
    Lambda,
    Normalize,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    Resize,
    ToTensor,
    Transform,
)

IMAGE = np.random.default_rng(1).integers(0, 256, (3, 7, 6), np.uint8)


def rngs(count):
    return [samplerng.SampleRNG(1, 2, i) for i in range(count)]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (IMAGE, IMAGE),
        (IMAGE.transpose(1, 2, 0), IMAGE),
        (IMAGE[0], IMAGE[:1]),
    ],
)
def test_to_tensor_scales_and_puts_channels_first(image, expected):
    got = ToTensor()(image)
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    assert np.array_equal(got, expected.astype(np.float32) / np.float32(255))
    assert ToTensor()(np.full((1, 2, 2), 255, np.uint8)).max() == 1


def test_to_tensor_keeps_floats_and_copies_them():
    image = np.ones((1, 5, 5), np.float32)
    got = ToTensor()(image)
    got += 1
    assert image.max() == 1


@pytest.mark.parametrize("shape", [(5, 7, 6), (2, 3, 4, 5), (4,)])
def test_to_tensor_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"\[ToTensor\] expected an image"):
        ToTensor()(np.zeros(shape, np.uint8))


def test_normalize_by_channel():
    x = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    got = Normalize((0.1, 0.2, 0.3), (1, 2, 4))(x)
    expected = np.stack([(x[i] - m) / s for i, (m, s) in enumerate(((0.1, 1), (0.2, 2), (0.3, 4)))])
    assert got.dtype == np.float32
    assert np.allclose(got, expected, atol=1e-6)
    assert np.array_equal(Normalize(0.5, 0.5)(x), (x - np.float32(0.5)) / np.float32(0.5))
    with pytest.raises(TypeError, match="ToTensor first"):
        Normalize(0.5, 0.5)(IMAGE)
    with pytest.raises(ValueError, match="std > 0"):
        Normalize(0.5, 0)
    with pytest.raises(ValueError, match=r"\(…, 2, H, W\)"):
        Normalize((1, 2), (1, 2))(x)


@pytest.mark.parametrize(
    ("padding", "width"), [(2, (2, 2, 2, 2)), ((1, 3), (1, 3, 1, 3)), ((1, 2, 3, 4), (1, 2, 3, 4))]
)
def test_pad(padding, width):
    left, top, right, bottom = width
    got = Pad(padding, fill=9)(IMAGE)
    assert got.shape == (3, 7 + top + bottom, 6 + left + right)
    assert np.array_equal(got[:, top : top + 7, left : left + 6], IMAGE)
    assert got[0, 0, 0] == 9
    assert np.array_equal(Pad(1, padding_mode="reflect")(IMAGE)[:, 0, 1:-1], IMAGE[:, 1])


def test_crops_are_windows():
    assert np.array_equal(CenterCrop((3, 4))(IMAGE), IMAGE[:, 2:5, 1:5])
    padded = Pad(2)(IMAGE)
    seen = set()
    crop = RandomCrop((5, 6), padding=2)
    for got in crop.batch(np.repeat(IMAGE[None], 200, 0), rngs(200)):
        windows = [(i, j) for i in range(7) for j in range(5) if np.array_equal(got, padded[:, i : i + 5, j : j + 6])]
        assert len(windows) == 1
        seen.add(windows[0])
    assert len(seen) > 30
    with pytest.raises(ValueError, match=r"at least \(8, 8\), got shape"):
        RandomCrop(8)(IMAGE)


def test_flip_has_its_probability():
    batch = np.repeat(IMAGE[None], 1000, 0)
    for p in (0, 0.3, 1):
        got = RandomHorizontalFlip(p).batch(batch, rngs(1000))
        flipped = sum(np.array_equal(x, IMAGE[..., ::-1]) for x in got)
        assert flipped + sum(np.array_equal(x, IMAGE) for x in got) == 1000
        assert abs(flipped / 1000 - p) < 0.05
    with pytest.raises(ValueError, match="expected p"):
        RandomHorizontalFlip(1.5)


def bilinear(x, size):
    """One output pixel at a time, straight from the definition."""
    out = np.empty((*x.shape[:-2], *size))
    for i in range(size[0]):
        for j in range(size[1]):
            value = 0.0
            spots = []
            for k, (n, m) in ((i, (x.shape[-2], size[0])), (j, (x.shape[-1], size[1]))):
                place = min(max((k + 0.5) * n / m - 0.5, 0), n - 1)
                low = int(place)
                spots.append([(low, 1 - (place - low)), (min(low + 1, n - 1), place - low)])
            for r, a in spots[0]:
                for c, b in spots[1]:
                    value = value + a * b * x[..., r, c]
            out[..., i, j] = value
    return out


@pytest.mark.parametrize("size", [(7, 6), (3, 2), (14, 13), (1, 1), (5, 9)])
def test_resize(size):
    x = IMAGE.astype(np.float64)
    assert np.allclose(Resize(size)(x), bilinear(x, size), atol=1e-9)
    got = Resize(size)(IMAGE)
    assert got.dtype == np.uint8
    assert np.abs(got - bilinear(x, size)).max() <= 0.5 + 1e-3
    near = Resize(size, "nearest")(IMAGE)
    rows = [i * 7 // size[0] for i in range(size[0])]
    columns = [j * 6 // size[1] for j in range(size[1])]
    assert np.array_equal(near, IMAGE[:, rows][:, :, columns])


def test_resize_of_the_shorter_side():
    assert Resize(12)(IMAGE).shape == (3, 14, 12)
    with pytest.raises(ValueError, match="interpolation"):
        Resize(3, "bicubic")
    with pytest.raises(ValueError, match="not empty"):
        Resize(3)(np.zeros((1, 0, 4)))


@pytest.mark.parametrize(
    "transform",
    [
        ToTensor(),
        Pad(1),
        CenterCrop(4),
        RandomCrop(4, padding=1),
        RandomHorizontalFlip(),
        Resize(4),
        Lambda(lambda x: x + samplerng.sample_rng().random()),
        Compose([RandomHorizontalFlip(), lambda x: x[:, :5], RandomCrop(3), ToTensor(), Normalize(0.5, 2)]),
    ],
    ids=lambda t: type(t).__name__,
)
def test_a_batch_has_the_bits_of_its_samples(transform):
    batch = np.random.default_rng(5).integers(0, 256, (20, 3, 7, 6), np.uint8)
    whole = transform.batch(batch, rngs(20))
    for i, (x, rng) in enumerate(zip(batch, rngs(20), strict=True)):
        with samplerng.sample_of(rng):
            one = transform(x)
        assert np.array_equal(whole[i], one)
        assert whole.dtype == one.dtype


def test_errors_of_construction():
    with pytest.raises(TypeError, match=r"\[Lambda\] expected a callable"):
        Compose([3])
    with pytest.raises(ValueError, match="expected size"):
        RandomCrop(0)
    with pytest.raises(TypeError, match="expected size"):
        CenterCrop(2.5)
    with pytest.raises(NotImplementedError, match="needs apply"):
        Transform()(IMAGE)


def test_sample_streams_differ_by_every_part_of_the_key():
    first = samplerng.SampleRNG(1, 2, 3).generator.random()
    assert first == samplerng.SampleRNG(1, 2, 3).generator.random()
    others = {
        samplerng.SampleRNG(*key).generator.random() for key in ((0, 2, 3), (1, 0, 3), (1, 2, 0), (1 + 2**32, 2, 3))
    }
    assert len(others | {first}) == 5


def test_uniform_numbers_are_a_function_of_sample_and_count():
    one, other = samplerng.SampleRNG(2**64 - 1, 3, 4), samplerng.SampleRNG(2**64 - 1, 3, 5)
    first = samplerng.uniforms([one, other])
    second = samplerng.uniforms([other, one])
    again = [samplerng.SampleRNG(2**64 - 1, 3, i) for i in (4, 5)]
    assert np.array_equal(samplerng.uniforms(again), first)
    assert np.array_equal(samplerng.uniforms(again), second[::-1])
    same = samplerng.SampleRNG(2**64 - 1, 3, 4)
    assert samplerng.uniforms([same, same]).tolist() == [first[0], second[1]]


@pytest.mark.parametrize("axis", range(3))
def test_uniform_numbers_of_neighbours_are_uniform_and_independent(axis):
    keys = np.zeros((20_000, 3), np.int64)
    keys[:, axis] = np.arange(20_000)
    numbers = samplerng.uniforms([samplerng.SampleRNG(*key) for key in keys.tolist()])
    assert 0 <= numbers.min() < 0.001 < 0.999 < numbers.max() < 1
    assert abs(np.bincount((numbers * 10).astype(int), minlength=10) - 2000).max() < 200
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.03


@pytest.mark.parametrize("dtype", ["complex64", "S1", "M8[s]", "O"])
def test_what_is_no_image_of_numbers(dtype):
    with pytest.raises(TypeError, match=r"\[ToTensor\] expected integers, floats or booleans, got "):
        ToTensor()(np.zeros((2, 2), dtype))
