import io
import json
import tarfile

import numpy as np
import pytest

from pydl.data import DataError, cifar
from pydl.train import write_png

RNG = np.random.default_rng(3)


def records(count):
    data = RNG.integers(0, 256, (count, cifar.RECORD), np.uint8)
    data[:, 0] = np.arange(count) % 10
    return data


def archive(path, members):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(f"{cifar.FOLDER}/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("form", ["bin", "archive"])
def test_binary_forms(tmp_path, form):
    parts = {f"{name}.bin": records(4) for name in cifar.TRAIN}
    if form == "archive":
        archive(tmp_path / cifar.ARCHIVE, {name: part.tobytes() for name, part in reversed(parts.items())})
    else:
        (tmp_path / cifar.FOLDER).mkdir()
        for name, part in parts.items():
            (tmp_path / cifar.FOLDER / name).write_bytes(part.tobytes())
    images, labels = cifar.read_folder(tmp_path, "train", verify=False)
    whole = np.concatenate(list(parts.values()))
    assert images.shape == (20, 3, 32, 32)
    assert np.array_equal(images.reshape(20, -1), whole[:, 1:])
    assert np.array_equal(labels, whole[:, 0])
    assert labels.dtype == np.int64
    if form == "bin":
        assert cifar.read_folder(tmp_path, "test", verify=False) is None


def test_png_form(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "BATCH", 6)
    data = records(6)
    strip = data[:, 1:].reshape(6, 3, 1024).transpose(0, 2, 1)
    write_png(tmp_path / "test_batch.png", np.ascontiguousarray(strip))
    (tmp_path / "test_lables.json").write_text(json.dumps(data[:, 0].tolist()))
    images, labels = cifar.read_folder(tmp_path, "test", verify=False)
    assert np.array_equal(images.reshape(6, -1), data[:, 1:])
    assert np.array_equal(labels, data[:, 0])
    with pytest.raises(DataError, match="SHA-256"):
        cifar.read_folder(tmp_path, "test", verify=True)


def test_png_form_at_its_real_size(tmp_path):
    write_png(tmp_path / "test_batch.png", np.zeros((cifar.BATCH, 1024, 3), np.uint8))
    (tmp_path / "test_lables.json").write_text(json.dumps([7] * cifar.BATCH))
    images, labels = cifar.read_folder(tmp_path, "test", verify=False)
    assert images.shape == (cifar.BATCH, 3, 32, 32)
    assert (labels == 7).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2", "a JSON list of labels"),
        ("[" * 100_000, "a JSON list of labels"),
        ("{}", "a JSON list of 2 labels, got dict"),
        ("[1]", "a JSON list of 2 labels, got a list of 1"),
        ("[1, 10]", "labels 0 to 9, got 10"),
        ("[1, -1]", "labels 0 to 9, got -1"),
        ("[1, null]", "labels 0 to 9, got None"),
        ("[1, true]", "labels 0 to 9, got True"),
        ("[1, 1e999]", "labels 0 to 9, got inf"),
        ("[1, " + "9" * 10_000 + "]", "a JSON list of labels"),
    ],
)
def test_hostile_labels(tmp_path, text, words):
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(DataError, match=words):
        cifar._read_labels(tmp_path / "labels.json", 2)


def test_hostile_records():
    for data, words in (
        (b"", "got 0 bytes"),
        (b"\0" * (cifar.RECORD + 1), f"whole records of {cifar.RECORD} bytes"),
        (b"\x0a" * cifar.RECORD, "labels below 10, got 10"),
    ):
        with pytest.raises(DataError, match=words):
            cifar.parse_records(data, "f.bin")


def test_hostile_archives(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "BATCH", 4)
    monkeypatch.setattr(cifar, "ARCHIVE_LIMIT", 1 << 20)
    path = tmp_path / cifar.ARCHIVE
    good = archive(path, {"test_batch.bin": records(3).tobytes()}).read_bytes()
    cases = [
        (b"", "empty"),
        (b"<html>", "HTML"),
        (good[: len(good) // 2], "cut short|damaged|intact"),
        (good[:-8] + b"\0" * 8, "damaged"),
        (good + good, "one gzip member"),
        (archive(path, {"other.bin": b"x"}).read_bytes(), "none called test_batch"),
        (
            archive(path, {"test_batch.bin": b"x" * (cifar.BATCH * cifar.RECORD + 1)}).read_bytes(),
            "at most 12292",
        ),
        (archive(path, {"a": bytes(1 << 19), "b": bytes(1 << 20)}).read_bytes(), "of content"),
    ]
    for data, words in cases:
        path.write_bytes(data)
        with pytest.raises(DataError, match=words):
            cifar.read_archive(path, cifar.TEST, verify=False)


def test_archive_members_are_checked(tmp_path):
    path = archive(tmp_path / cifar.ARCHIVE, {"test_batch.bin": records(3).tobytes()})
    with pytest.raises(DataError, match="SHA-256"):
        cifar.read_archive(path, cifar.TEST, verify=True)
