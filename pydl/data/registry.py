"""`load(name)`: every data set by its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from . import toys
from .dataset import ArrayDataset
from .stacked import StackedDataset
from .transforms import ToTensor

if TYPE_CHECKING:
    from .download import Progress

_DIGITS = tuple("0123456789")
_STACKED = "stacked-mnist"
_FILES = ("cifar10", "fashion-mnist", "mnist")
_DEFAULT: Any = object()


def names() -> list[str]:
    """The names that `load` knows."""
    return sorted(["digits", "iris", *_FILES, *toys.MAKERS, _STACKED])


def load(
    name: str,
    split: str = "train",
    root: str | os.PathLike[str] | None = None,
    download: bool = True,
    *,
    transform: Callable[..., Any] | None = _DEFAULT,
    verify: bool = True,
    progress: Progress | bool = True,
    **options: Any,
) -> ArrayDataset:
    """The data set `name` as an ArrayDataset of (images or points, labels).

    digits (1, 8, 8), mnist and fashion-mnist (1, 28, 28), cifar10 (3, 32, 32): `transform` gets the uint8
    image (C, H, W); by default it is ToTensor, float32 in [0, 1]. iris: 4 floats. ring (8 Gaussians), grid
    (25), swiss-roll, moons, xor: points of the plane, with `n` and `seed` and the parameters of
    `pydl.data.toys` as options. stacked-mnist (3, 28, 28): `n`, `seed`.

    `split` is "train" or "test" ("all" too for digits and iris). Files are looked for in `root`, $PYDL_DATA,
    the user's cache and the system's folders, in this order, then downloaded (to the first of the three that
    is given) unless `download` is False. `verify` checks SHA-256; without it, files of one's own in the same
    format are read, and where `root` is given from there alone.
    ValueError for an unknown name, split or option; DataError for missing or damaged files.
    """
    check_name(name, split)
    if name in toys.MAKERS:
        return _toy(name, split, transform, options)
    options = _known(name, options, ("n", "seed") if name == _STACKED else ())
    # What reads files is imported when a data set is, to keep `import pydl` light.
    from . import embedded, sources

    if name == "iris":
        return _dataset(embedded.iris(split), transform, None, name, split, embedded.IRIS_CLASSES)
    if name == "digits":
        return _dataset(embedded.digits(split), transform, ToTensor(16), name, split, _DIGITS)
    remote = sources.REMOTE["mnist" if name == _STACKED else name]
    arrays = remote.load(split, root, download, verify, progress)
    if name == _STACKED:
        return _stacked(arrays, transform, split, **options)
    return _dataset(arrays, transform, ToTensor(), name, split, remote.classes)


def check_name(name: Any, split: str = "train") -> None:
    """An error unless there is a data set of that name, with that part."""
    if not isinstance(name, str):
        raise TypeError(f"[load] expected name to be a string, got {type(name).__name__}")
    if name not in names():
        import difflib

        near = difflib.get_close_matches(name.lower(), names(), n=3, cutoff=0.4) or names()
        raise ValueError(f"[load] expected a data set name such as {', '.join(near)}, got {name!r}")
    splits = ("train", "test", "all") if name in ("digits", "iris") else ("train", "test")
    if split not in splits:
        raise ValueError(f"[load] expected split to be one of {', '.join(splits)} for {name}, got {split!r}")


def _dataset(
    arrays: tuple[np.ndarray, np.ndarray],
    transform: Any,
    default: Any,
    name: str,
    split: str,
    classes: Sequence[str],
) -> ArrayDataset:
    chosen = default if transform is _DEFAULT else transform
    return ArrayDataset(*arrays, transform=chosen, name=name, split=split, classes=classes)


def _toy(name: str, split: str, transform: Any, options: dict[str, Any]) -> ArrayDataset:
    maker = toys.MAKERS[name]
    options = _known(name, options, ("n", "seed", *maker.options))
    n = checks.integer("load", "n", options.pop("n", 100_000 if split == "train" else 10_000), 1)
    rng = toys.generator(options.pop("seed", 0), split)
    for key, value in options.items():
        if key == "modes":
            checks.integer("load", key, value, 1, 1_000_000)
        else:
            checks.number("load", key, value, 0, 1e6)
    points, labels = maker.make(rng, n, **options)
    count = options.get("modes", maker.classes)
    return _dataset((points, labels), transform, None, name, split, tuple(map(str, range(count))))


def _stacked(
    arrays: tuple[np.ndarray, np.ndarray], transform: Any, split: str, n: int | None = None, seed: int = 0
) -> StackedDataset:
    count = checks.integer("load", "n", (128_000 if split == "train" else 26_000) if n is None else n, 1)
    triples = toys.generator(seed, split).integers(len(arrays[0]), size=(count, 3))
    return StackedDataset(*arrays, triples, ToTensor() if transform is _DEFAULT else transform, split)


def _known(name: str, options: dict[str, Any], allowed: tuple[str, ...]) -> dict[str, Any]:
    unknown = sorted(set(options) - set(allowed))
    if unknown:
        what = f"options {', '.join(allowed)}" if allowed else "no further options"
        raise ValueError(f"[load] expected {what} for {name}, got {', '.join(unknown)}")
    return dict(options)
