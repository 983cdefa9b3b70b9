"""The small data sets inside the package: UCI digits and iris."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .errors import DataError
from .files import check_sha256, read_file
from .idx import check_pair, read_idx

FILES = Path(__file__).with_name("_files")
IRIS_CLASSES = ("setosa", "versicolor", "virginica")
SHA256 = {
    "digits-images-idx3-ubyte.gz": "359cd13f0f514122884198b78a131df597421cbf5e93a76678fa96fc548f0d96",
    "digits-labels-idx1-ubyte.gz": "ce71631c1f31ce56fa54f31d1d498fafacff59b001e6c30c4a5e29508aa277ad",
    "iris.csv": "9cc1c345c71bcc9b486b74cbf6063fa66f4bb5e0f603a4b3c3471ec2e5e8e355",
}
DIGITS_TRAIN = 1437


def digits(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 1, 8, 8) of 0 … 16 and labels: the first 1,437 are "train", the last 360 "test"; or "all".

    The file keeps its writers together, so the test digits are by other hands than the training digits.
    """
    names = ("digits-images-idx3-ubyte.gz", "digits-labels-idx1-ubyte.gz")
    images, labels = (read_idx(FILES / name, sha256=SHA256[name]) for name in names)
    check_pair(images, labels, names, 10)
    part = {"train": slice(DIGITS_TRAIN), "test": slice(DIGITS_TRAIN, None), "all": slice(None)}[split]
    return images[part, None], labels[part].astype(np.int64)


def iris(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Measurements (N, 4) in cm, and species: every fifth flower is "test", the rest "train"; or "all"."""
    path = FILES / "iris.csv"
    data = read_file(path, 1 << 16)
    check_sha256(data, SHA256["iris.csv"], path)
    rows = [line.split(",") for line in data.decode().splitlines()[1:]]
    if len(rows) != 150:
        raise DataError(path, "150 rows", f"{len(rows)}")
    values = np.array([row[:4] for row in rows], np.float32)
    species = np.array([IRIS_CLASSES.index(row[4]) for row in rows], np.int64)
    test = np.arange(len(rows)) % 5 == 4
    part = {"train": ~test, "test": test, "all": np.full(len(rows), True)}[split]
    return values[part], species[part]
