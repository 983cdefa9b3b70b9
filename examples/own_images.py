"""Train a model on your own images: a folder in which every class has a folder of PNG files.

python examples/own_images.py FOLDER [--model cnn] [--epochs 20]

The files are 8-bit RGB, all of one size; a fifth of them is kept for the test. Images that are arrays already go the
same way from `parts` on: uint8 (N, C, H, W), labels 0 … K - 1 (N,).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from pydl import data, models, train
from pydl.data import transforms


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Images (N, 3, H, W), their labels, and the names of the classes; ValueError for images of several sizes."""
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    files = [(path, k) for k, name in enumerate(classes) for path in sorted((folder / name).glob("*.png"))]
    if len({k for _, k in files}) < 2:
        raise ValueError(f"expected PNG files in at least two folders of {folder}, got {len(files)} files in fewer")
    images = [data.read_png(path) for path, _ in files]
    for (path, _), image in zip(files, images, strict=True):
        if image.shape != images[0].shape:
            raise ValueError(f"expected {path} of the size of the first, {images[0].shape}, got {image.shape}")
    return np.stack(images).transpose(0, 3, 1, 2), np.array([k for _, k in files]), classes


def parts(images: np.ndarray, labels: np.ndarray, classes: list[str], seed: int = 0) -> models.Data:
    """Four fifths to train on and one to test, chosen at random, as float32 in [0, 1]."""
    order = np.random.default_rng(seed).permutation(len(images))
    count = len(images) // 5
    made = {"transform": transforms.ToTensor(), "name": "own", "classes": classes}
    chosen = {"train": order[count:], "test": order[:count]}
    return models.Data(**{part: data.ArrayDataset(images[at], labels[at], **made) for part, at in chosen.items()})


def fit(sets: models.Data, model: str, **options: Any) -> tuple[Any, train.History]:
    """The task of a model of `pydl train`, trained with its defaults but for `options`, and what training did."""
    entry = models.get(model)
    config = entry.config(data="own", **options)
    sets = entry.prepare(sets, config)
    task = entry.build(sets, config)
    size = min(config["batch_size"], len(sets.train))
    loader = data.DataLoader(sets.train, size, shuffle=True, drop_last=True, seed=config["seed"])
    return task, train.fit(task, loader, config["epochs"], callbacks=[train.Progress()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()
    images, labels, classes = read(args.folder)
    print(f"{len(images)} images {images.shape[1:]} of {', '.join(classes)}")
    _, history = fit(parts(images, labels, classes), args.model, epochs=args.epochs)
    print({name: round(value, 4) for name, value in history.epochs[-1].items()})


if __name__ == "__main__":
    main()
