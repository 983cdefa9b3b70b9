import gzip
import hashlib
import http.server
import os
import struct
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pydl.data import ArrayDataset, DataError, DataLoader, cache, load, names, sources, toys

FASHION = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture
def places(tmp_path, monkeypatch):
    """No data set anywhere but under tmp_path, and nobody to download from."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PYDL_DATA", raising=False)
    monkeypatch.setattr(cache, "SYSTEM", (tmp_path / "system",))
    for remote in (sources._MNIST, sources._FASHION, sources._CIFAR):
        monkeypatch.setattr(remote, "urls", ("http://127.0.0.1:9/",))
    return tmp_path


def write(folder, value, pack=gzip.compress, suffix=".gz"):
    """A small MNIST whose pixels are all `value`."""
    folder.mkdir(parents=True)
    for stem, count in (("train", 6), ("t10k", 4)):
        pixels = struct.pack(">I3I", 0x803, count, 28, 28) + bytes([value]) * (count * 784)
        labels = struct.pack(">2I", 0x801, count) + bytes(range(count))
        (folder / f"{stem}-images-idx3-ubyte{suffix}").write_bytes(pack(pixels))
        (folder / f"{stem}-labels-idx1-ubyte{suffix}").write_bytes(pack(labels))


def value_of(**options):
    return int(load("mnist", verify=False, **options).data[0, 0, 0, 0])


def test_names():
    assert names() == sorted(names())
    assert set(sources.REMOTE) < set(names())
    assert {"digits", "iris", "mnist", "fashion-mnist", "cifar10", "ring", "grid", "stacked-mnist"} <= set(names())


def test_unknown_name_lists_the_nearest():
    with pytest.raises(ValueError, match=r"such as fashion-mnist.*got 'fasion_mnist'"):
        load("fasion_mnist")
    with pytest.raises(ValueError, match="such as mnist"):
        load("MNIST2")
    with pytest.raises(ValueError, match="split to be one of train, test for mnist, got 'val'"):
        load("mnist", "val")
    with pytest.raises(ValueError, match="no further options for digits, got n"):
        load("digits", n=3)
    with pytest.raises(ValueError, match="options n, seed, std for grid, got radius"):
        load("grid", radius=3)
    with pytest.raises(TypeError, match="name to be a string"):
        load(3)


def test_digits():
    whole = load("digits", "all")
    assert whole.data.shape == (1797, 1, 8, 8)
    assert whole.data.max() == 16
    assert int(whole.data.sum()) == 561718
    assert np.bincount(whole.targets).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    train, test = load("digits"), load("digits", "test")
    assert (len(train), len(test)) == (1437, 360)
    assert np.array_equal(np.concatenate([train.data, test.data]), whole.data)
    image, label = train[0]
    assert (image.shape, image.dtype, image.max(), label) == ((1, 8, 8), np.float32, 15 / 16, 0)
    assert train.classes == tuple("0123456789")


def test_iris():
    whole, train, test = (load("iris", split) for split in ("all", "train", "test"))
    assert whole.data.shape == (150, 4)
    assert np.allclose(whole.data.mean(0), [5.8433, 3.0573, 3.758, 1.1993], atol=1e-4)
    assert np.bincount(train.targets).tolist() == [40] * 3
    assert np.bincount(test.targets).tolist() == [10] * 3
    assert train.classes == ("setosa", "versicolor", "virginica")


def test_the_search_order(places, monkeypatch):
    with pytest.raises(DataError):
        value_of()
    write(places / "system" / "mnist", 1)
    assert value_of() == 1
    write(places / "cache" / "pydl" / "mnist", 2, bytes, "")
    assert value_of() == 2
    write(places / "env" / "mnist", 3)
    monkeypatch.setenv("PYDL_DATA", str(places / "env"))
    assert value_of() == 3
    write(places / "root" / "package" / "data", 4, bytes, "")
    assert value_of(root=places / "root") == 4
    assert value_of(root=places / "root" / "package") == 4
    assert load("mnist", "test", verify=False).data.shape == (4, 1, 28, 28)


def test_files_found_are_checked(places):
    write(places / "mnist", 5)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz: expected content with SHA-256 ba89"):
        load("mnist", root=places)


def test_own_files_are_not_replaced_by_others(places):
    write(places / "system" / "mnist", 1)
    with pytest.raises(DataError, match=str(places / "typo")):
        value_of(root=places / "typo")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "stacked-mnist"])
def test_nothing_there_says_where_it_looked_and_what_to_do(places, monkeypatch, name):
    monkeypatch.setenv("PYDL_DATA", str(places / "env"))
    for download, reason in ((False, "download=False"), (True, "the download failed: .*refused")):
        with pytest.raises(DataError, match=reason) as caught:
            load(name, download=download)
        text = str(caught.value)
        for word in (
            str(places / "env"),
            str(places / "cache" / "pydl"),
            str(places / "system"),
            "PYDL_DATA",
            "copy",
        ):
            assert word in text
        assert text.index("copy") < text.index("Looked under") < text.index(str(places / "system"))
        assert text.count(str(places / "system")) == 1
    assert list(places.iterdir()) == [] or not [p for p in places.rglob("*") if p.is_file()]


def test_downloads_land_in_the_cache_once(places, monkeypatch):
    write(places / "served", 7)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=places / "served")
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *args: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setattr(sources._MNIST, "urls", (f"http://127.0.0.1:{server.server_port}/",))
    try:
        with pytest.raises(DataError, match="SHA-256 ba89"):
            load("mnist", progress=False)
        contents = {p.name[:-3]: gzip.decompress(p.read_bytes()) for p in (places / "served").iterdir()}
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
        monkeypatch.setattr(sources._MNIST, "sha256", digests)
        assert load("mnist", progress=False).data.max() == 7
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    folder = places / "cache" / "pydl" / "mnist"
    assert sorted(os.listdir(folder)) == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    assert load("mnist").data.max() == 7


@pytest.mark.skipif(not FASHION.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_the_real_fashion_mnist():
    train, test = load("fashion-mnist", download=False), load("fashion-mnist", "test", download=False)
    assert train.data.shape == (60_000, 1, 28, 28)
    assert test.data.shape == (10_000, 1, 28, 28)
    assert np.bincount(train.targets).tolist() == [6000] * 10
    assert abs(train.data.mean() / 255 - 0.2860) < 5e-5
    x, y = next(iter(DataLoader(train, 256, shuffle=True, seed=1)))
    assert tuple(x.shape) == (256, 1, 28, 28)
    assert len(set(y.tolist())) == 10
    assert train.classes[9] == "Ankle boot"


def test_ring_and_grid():
    centers = toys.ring_centers()
    assert len(np.unique(centers.round(9), axis=0)) == 8
    assert np.allclose(np.hypot(*centers.T), 1)
    assert len(np.unique(toys.grid_centers(), axis=0)) == 25
    for name, middle, std in (("ring", centers, 0.01), ("grid", toys.grid_centers(), 0.05)):
        data = load(name, n=50_000, seed=3)
        offset = data.data - middle[data.targets]
        assert data.data.dtype == np.float32
        assert abs(offset.std() / std - 1) < 0.02
        counts = np.bincount(data.targets, minlength=len(middle))
        assert counts.min() > 0.9 * 50_000 / len(middle)
        within = np.hypot(*offset.T) < 3 * std
        assert abs(within.mean() - 0.98889) < 0.003
        assert len(data.classes) == len(middle)


def test_toys_repeat_and_splits_differ():
    for name in ("ring", "grid", "swiss-roll", "moons", "xor"):
        a, b, c, d = (
            load(name, s, n=50, seed=k).data for s, k in (("train", 1), ("train", 1), ("test", 1), ("train", 2))
        )
        assert np.array_equal(a, b)
        assert not np.array_equal(a, c)
        assert not np.array_equal(a, d)
        assert a.shape == (50, 2)
    x, y = load("xor", n=500, std=0).arrays
    assert np.array_equal(y, x[:, 0].astype(int) ^ x[:, 1].astype(int))
    roll = load("swiss-roll", n=500, std=0)
    assert np.allclose(np.hypot(*roll.data.T) * 7.5, roll.targets, rtol=1e-5)
    for options in ({"n": 0}, {"seed": -1}, {"std": -1}):
        with pytest.raises(ValueError, match=r"\[load\] expected"):
            load("grid", **options)


def test_stacked_mnist(places):
    write(places / "mnist", 5)
    data = load("stacked-mnist", root=places, verify=False, n=30, seed=2)
    assert isinstance(data, ArrayDataset)
    assert (len(data), data.image_shape, len(data.classes)) == (30, (3, 28, 28), 1000)
    image, label = data[4]
    digits = data.arrays[0][4]
    assert label == 100 * digits[0] + 10 * digits[1] + digits[2]
    assert image.shape == (3, 28, 28)
    x, y = next(iter(DataLoader(data, 30)))
    assert np.array_equal(np.asarray(x)[4], image)
    assert np.asarray(y)[4] == label
