"""Checkpoints: round trips, and every way in which a file can be wrong."""

import hashlib
import io
import json
import os
import pickle
import resource
import time
import zipfile

import numpy as np
import pytest

import pydl
from pydl.train import CheckpointError
from pydl.train.header import MAX_HEADER

DTYPES = ["bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))]
DTYPES += ["float16", "float32", "float64"]


def sample():
    return {
        "weights": pydl.tensor([[1.0, -2.5], [3.0, 0.25]]),
        "buffers": {"count": np.int64(7), "mask": np.array([True, False, True])},
        "numbers": [1, 2.5, -(2**70), True, None, 'text \u00e9 "quoted"', (1, (2,))],
        3: {1.5: "by number", None: "by none"},
        "limits": [float("inf"), float("-inf")],
    }


def same(a, b):
    assert type(a) is type(b)
    if isinstance(a, pydl.Tensor):
        a, b = a.numpy(), b.numpy()
    if isinstance(a, (np.ndarray, np.generic)):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert repr(a) == repr(b)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.safetensors"


def refused(path, content=None, match="expected", seconds=2):
    """Loading fails with a CheckpointError naming the file, soon."""
    if content is not None:
        path.write_bytes(content)
    start = time.process_time()
    with pytest.raises(CheckpointError, match=match) as caught:
        pydl.load(path)
    assert str(path) in str(caught.value)
    assert time.process_time() - start < seconds


def file_of(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_round_trip(path):
    pydl.save(sample(), path)
    same(pydl.load(path), sample())
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3)])
def test_every_dtype_and_shape(path, dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    pydl.save([array, array.T, array[..., ::-1] if shape else array], path)
    same(pydl.load(path), [array, array.T, array[..., ::-1] if shape else array])


def test_byte_swapped_arrays_and_odd_floats_keep_their_values(path):
    special = np.array([np.nan, np.inf, -0.0, 5e-324])
    pydl.save({"swapped": special.astype(">f8"), "native": special, "nan": float("nan"), "zero": -0.0}, path)
    loaded = pydl.load(path)
    assert loaded["swapped"].tobytes() == loaded["native"].tobytes() == special.tobytes()
    assert np.isnan(loaded["nan"])
    assert str(loaded["zero"]) == "-0.0"


def test_the_same_value_gives_the_same_file(path):
    pydl.save(sample(), path)
    first = path.read_bytes()
    pydl.save(sample(), path)
    assert path.read_bytes() == first


def test_loaded_arrays_are_writable_and_own_their_memory(path):
    pydl.save(np.zeros(3), path)
    array = pydl.load(path)
    pydl.save(np.ones(3), path)
    array += 1
    assert pydl.load(path).tolist() == [1, 1, 1]


def test_names_that_collide_or_are_reserved(path):
    value = {"a.b": np.zeros(1), "a": {"b": np.ones(1)}, "__metadata__": np.full(1, 2), "\ud800\n": np.full(1, 3)}
    pydl.save(value, path)
    same(pydl.load(path), value)


def test_text_that_looks_like_the_checksum(path):
    value = {'sha256\\":\\"' + "0" * 64: 'sha256":"' + "0" * 64, "x": np.ones(2)}
    pydl.save(value, path)
    same(pydl.load(path), value)


@pytest.mark.parametrize(
    ("value", "error", "match"),
    [
        ({"a": {1, 2}}, TypeError, "got set at a"),
        ({"a": [object()]}, TypeError, r"got object at a\.0"),
        ({(1, 2): 3}, TypeError, "as keys"),
        ({"c": np.ones(2, complex)}, TypeError, "complex128 at c"),
        ({"o": np.array(["x"], object)}, TypeError, "object at o"),
        ("x" * (MAX_HEADER + 1), ValueError, "at most"),
        (10**5000, ValueError, "digits"),
    ],
    ids=["set", "object", "tuple as key", "complex", "objects", "long", "digits"],
)
def test_what_cannot_be_saved_is_refused_before_the_file_is_touched(path, value, error, match):
    pydl.save("old", path)
    with pytest.raises(error, match=match):
        pydl.save(value, path)
    assert pydl.load(path) == "old"


def test_endless_nesting_is_refused(path):
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="64 levels"):
        pydl.save(loop, path)
    deep = leaf = []
    for _ in range(63):
        leaf.append([])
        leaf = leaf[0]
    pydl.save(deep, path)
    assert pydl.load(path) == deep


def test_truncation_at_every_byte(path):
    pydl.save(sample(), path)
    whole = path.read_bytes()
    for size in range(len(whole)):
        refused(path, whole[:size])
    refused(path, whole + b"\0", "bytes of arrays")


def test_every_single_bit_flip(path):
    pydl.save({"w": pydl.tensor([1.0, 2.0]), "n": [1, 2.5, None], "flag": np.array([True])}, path)
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        refused(path, bytes(flipped))


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**32, 2**63, 2**64 - 1])
def test_impossible_header_lengths(path, length):
    refused(path, length.to_bytes(8, "little") + b"{}" + b" " * 100, f"header length of {length}")


def test_a_header_over_the_limit_is_not_read(path):
    with open(path, "wb") as file:
        file.write((1 << 40).to_bytes(8, "little"))
        file.truncate((1 << 40) + 8)
    refused(path, match="a header of at most")


def entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize(
    ("entries", "size", "match"),
    [
        ({"a": entry(), "b": entry()}, 4, "an overlap"),
        ({"a": entry(shape=(2,), offsets=(0, 8)), "b": entry(offsets=(4, 8))}, 8, "an overlap"),
        ({"a": entry(), "b": entry(offsets=(8, 12))}, 12, "a gap"),
        ({"a": entry(offsets=(4, 8))}, 8, "a gap"),
        ({"a": entry(offsets=(4, 0))}, 8, "rising offsets"),
        ({"a": entry(offsets=(-4, 0))}, 8, "rising offsets"),
        ({"a": entry(offsets=(0, 2**64))}, 8, "rising offsets"),
        ({"a": entry(offsets=(0, 8))}, 8, "4 bytes for array 'a'"),
        ({"a": entry()}, 8, "4 bytes of arrays, got 8"),
        ({"a": entry()}, 0, "4 bytes of arrays, got 0"),
        ({"a": entry(shape=(2**31, 2**31, 2**31))}, 4, "below 2"),
        ({"a": entry(shape=(0, 2**62, 2**62), offsets=(0, 0))}, 0, "below 2"),
        ({"a": entry(shape=(2**61,), offsets=(0, 2**63 - 1))}, 0, "below 2"),
        ({"a": entry(shape=[1] * 33)}, 4, "at most 32 sizes"),
        ({"a": entry(shape=(-1,))}, 4, "sizes >= 0"),
        ({"a": entry(shape=(True,))}, 4, "sizes >= 0"),
        ({"a": entry(dtype="O")}, 4, "a dtype of"),
        ({"a": entry(dtype=["F32"])}, 4, "a dtype of"),
        ({"a": [1]}, 4, "dtype, shape and data_offsets"),
        ({"a": {**entry(), "more": 1}}, 4, "dtype, shape and data_offsets"),
    ],
)
def test_hostile_entries(path, entries, size, match):
    refused(path, file_of({"__metadata__": {"pydl": "{}"}, **entries}, bytes(size)), match)


@pytest.mark.parametrize(
    ("header", "match"),
    [
        (b'{"__metadata__":{},"a":1,"a":2}', "the name 'a' twice"),
        (b'{"__metadata__":{"pydl":"","pydl":""}}', "the name 'pydl' twice"),
        (b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', "the constant NaN"),
        (b'{"a":-Infinity}', "the constant -Infinity"),
        (b"[" * 200_000, "a JSON object, got one that begins with b.\\["),
        (b'{"a":' * 200_000, "limited depth|strict JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "strict JSON"),
        (b"[]", "a JSON object"),
        (b"  ", "a JSON object"),
        (b"\xff\xfe", "a JSON object"),
        (b"{}", "metadata of strings, got none"),
        (b'{"__metadata__":{"a":1}}', "metadata of strings"),
        (b'{"__metadata__":{"format":"pt"}}', "without its checksum"),
    ],
)
def test_hostile_headers(path, header, match):
    refused(path, file_of(header), match)


def test_hostile_structures_with_a_right_checksum(path):
    structures = [
        '{"tensor":"missing"}',
        '{"tensor":1}',
        '{"call":"os.system"}',
        '{"dict":{},"tuple":[]}',
        '{"items":[1]}',
        '{"items":[[[1],2]]}',
        '{"float":"1"}',
        '{"dict":{"a":1,"a":2}}',
        "NaN",
        "[" * 150 + "]" * 150,
        "[" * 100_000 + "]" * 100_000,
        '1,"more":1',
    ]
    for structure in structures:
        refused(path, signed(structure))


def signed(structure):
    from pydl.train.checkpoint import _digest, _digits

    text = '{"sha256":"' + "0" * 64 + '","format":1,"structure":' + structure + "}"
    data = file_of({"__metadata__": {"pydl": text}})
    at = _digits(data)
    return data[:at] + _digest(memoryview(data), at).encode() + data[at + 64 :]


def test_a_signed_file_is_otherwise_read(path):
    path.write_bytes(signed('[1,{"tuple":[2]}]'))
    assert pydl.load(path) == [1, (2,)]


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_other_kinds_of_files(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("archive/data.pkl", pickle.dumps(Bomb()))
    refused(path, b"", "an empty file")
    refused(path, pickle.dumps({"w": Bomb()}), "a pickle, which pydl never loads")
    refused(path, archive.getvalue(), "a zip archive")
    refused(path, b"<!DOCTYPE html><html></html>", "expected a safetensors file, got a text file")
    refused(path, bytes(range(200, 220)), "a header of at most 12 bytes, got a header length of")
    assert not os.path.exists("executed")
    refused(tmp_path / "none", match="No such file")
    refused(tmp_path, match="directory")


def test_things_that_are_no_files(tmp_path):
    fifo, loop = tmp_path / "fifo", tmp_path / "loop"
    os.mkfifo(fifo)
    loop.symlink_to(loop)
    refused(fifo, match="a FIFO")
    refused(loop, match="symbolic links")
    with pytest.raises(CheckpointError, match="/dev/zero: expected a file, got a character device"):
        pydl.load("/dev/zero")


def test_refusing_takes_little_memory(path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # The largest header there may be, full of the smallest objects. How long Python's collector takes over a
    # million objects depends on how many others live in the process, so time only rules out a hang here.
    for head, unit, tail in (
        (b'{"a":[', b"[],", b"0]}"),
        (b'{"a":[', b"{},", b"0]}"),
        (b'{"a":{', b'"":0,', b'"":0}}'),
    ):
        refused(path, file_of(head + unit * (MAX_HEADER // len(unit) - 3) + tail), seconds=30)
    refused(path, file_of(b"[" + b"[]," * (MAX_HEADER // 3 - 1) + b"0]"), seconds=0.5)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 << 10


@pytest.mark.parametrize("metadata", [{"pydl": "{}"}, None], ids=["no checksum", "no metadata"])
def test_the_header_is_refused_before_the_data_is_read(path, metadata):
    header = {"a": entry("U8", (1 << 40,), (0, 1 << 40)), **({"__metadata__": metadata} if metadata else {})}
    with open(path, "wb") as file:
        file.write(file_of(header))
        file.truncate(file.tell() + (1 << 40))
    refused(path)


def test_a_file_larger_than_the_memory(path):
    pydl.save(np.ones(1, np.uint8), path)
    data = path.read_bytes()
    length = 8 + int.from_bytes(data[:8], "little")
    header = data[8:length].replace(b"[1]", b"[%d]" % (1 << 42)).replace(b"[0,1]", b"[0,%d]" % (1 << 42))
    with open(path, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(file.tell() + (1 << 42))
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 42, limits[1]))
    try:
        refused(path, match="fits into memory")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def rewritten(path, old, new):
    """The file with `old` replaced in its structure, and a checksum that is right."""
    data = path.read_bytes()
    length = 8 + int.from_bytes(data[:8], "little")
    header = data[8:length].rstrip()
    assert header.count(old) == 1
    header = header.replace(old, new)
    at = header.find(b'sha256\\":\\"') + len(b'sha256\\":\\"')
    blank = header[:at] + b"0" * 64 + header[at + 64 :]
    digest = hashlib.sha256(len(header).to_bytes(8, "little") + blank + data[length:]).hexdigest().encode()
    return file_of(header[:at] + digest + header[at + 64 :], data[length:])


def test_numbers_that_look_like_others(path):
    pydl.save([1.5], path)
    whole = path.read_bytes()
    same(pydl.load(path), [1.5])
    for old, new in ((b"1.5", b"1e999"), (b'format\\":1,', b'format\\":true,'), (b'format\\":1,', b'format\\":1.0,')):
        path.write_bytes(whole)
        refused(path, rewritten(path, old, new))
    path.write_bytes(whole)
    path.write_bytes(rewritten(path, b"1.5", b"2.5"))
    assert pydl.load(path) == [2.5]


def test_paths_of_bytes_and_paths_that_cannot_be(path):
    pydl.save([1], os.fsencode(path))
    assert pydl.load(os.fsencode(path)) == [1]
    with pytest.raises(CheckpointError, match=r"\\x00.*null"):
        pydl.load("a\0b")
    with pytest.raises(CheckpointError, match=r"\\x00.*null"):
        pydl.save([1], "a\0b")
    with pytest.raises(CheckpointError, match=f"{path.parent}: .* got a directory is in its place"):
        pydl.save([1], path.parent)
