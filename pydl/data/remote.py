"""The data sets that live in files outside the package: MNIST, Fashion-MNIST, CIFAR-10."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import cifar
from .cache import download_folder, places, shared_folders
from .download import Progress, download
from .errors import DataError
from .files import check_sha256, gunzip, is_file, read_chunks, read_file
from .idx import check_pair, read_idx

IDX_LIMIT = 64 << 20
Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Remote:
    """A data set: how its folder may be called, how a folder is read, how a split is fetched."""

    name: str
    classes: tuple[str, ...]
    names: tuple[str, ...]
    inside: tuple[str, ...]
    read: Callable[[Path, str, bool], Arrays | None]
    fetch: Callable[[Path, str, Progress | bool], None]
    hint: str

    def load(
        self,
        split: str,
        root: str | os.PathLike[str] | None,
        may_download: bool,
        verify: bool,
        progress: Progress | bool,
    ) -> Arrays:
        """Images (N, C, H, W) uint8 and labels (N,) int64, from the first place that has the split."""
        # Unchecked files are a user's own: a folder given for them is not silently replaced by another.
        shared = verify or root is None
        for folder in places(root, self.names, self.inside, shared):
            arrays = self.read(folder, split, verify)
            if arrays is not None:
                return arrays
        folder, reason = download_folder(root, self.name), "download=False was asked for"
        if may_download:
            try:
                self.fetch(folder, split, progress)
            except DataError as error:
                reason = f"the download failed: {error}"
            else:
                arrays = self.read(folder, split, verify)
                if arrays is not None:
                    return arrays
        looked = [*([] if root is None else [Path(root).expanduser()]), *(shared_folders() if shared else [])]
        raise DataError(
            f"{self.name} ({split})",
            f"its files in {folder}",
            f"none: {self.hint}, and put them there (PYDL_DATA can name another folder in place of {folder.parent}). "
            f"Looked under {', '.join(map(str, looked))}; {reason}",
        )


class Idx:
    """The four files of the MNIST family, raw or gzipped, with the SHA-256 of their contents."""

    def __init__(self, urls: Sequence[str], sha256: dict[str, str]) -> None:
        self.urls, self.sha256 = tuple(urls), sha256

    def names(self, split: str) -> tuple[str, str]:
        stem = "train" if split == "train" else "t10k"
        return f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"

    def read(self, folder: Path, split: str, verify: bool) -> Arrays | None:
        paths = [_variant(folder, name) for name in self.names(split)]
        if None in paths:
            return None
        images, labels = (
            read_idx(path, sha256=self.sha256[name] if verify else None)  # type: ignore[arg-type]
            for path, name in zip(paths, self.names(split), strict=True)
        )
        check_pair(images, labels, (str(paths[0]), str(paths[1])), 10)
        return images[:, None], labels.astype(np.int64)

    def fetch(self, folder: Path, split: str, progress: Progress | bool) -> None:
        for name in self.names(split):
            if _variant(folder, name) is None:
                self._fetch_one(folder, name, progress)

    def _fetch_one(self, folder: Path, name: str, progress: Progress | bool) -> None:
        def check(part: Path, target: Path) -> None:
            content = gunzip(read_file(part, IDX_LIMIT), target, IDX_LIMIT)
            check_sha256(content, self.sha256[name], target)

        urls = [f"{base}{name}.gz" for base in self.urls]
        download(urls, folder / f"{name}.gz", limit=IDX_LIMIT, check=check, progress=progress)


def _variant(folder: Path, name: str) -> Path | None:
    # The last form is Debian's and Keras's habit of a dot where the original has a hyphen.
    for candidate in (name, f"{name}.gz", name.replace("-idx", ".idx"), name.replace("-idx", ".idx") + ".gz"):
        if is_file(folder / candidate):
            return folder / candidate
    return None


class CifarArchive:
    """The official binary archive, kept in the cache as it comes."""

    def __init__(self, urls: Sequence[str], sha256: str) -> None:
        self.urls, self.sha256 = tuple(urls), sha256

    def fetch(self, folder: Path, split: str, progress: Progress | bool) -> None:
        target = folder / cifar.ARCHIVE
        download(self.urls, target, limit=cifar.ARCHIVE_LIMIT, check=self._check, progress=progress)

    def _check(self, part: Path, target: Path) -> None:
        import hashlib

        digest: Any = hashlib.sha256()
        for piece in read_chunks(part, cifar.ARCHIVE_LIMIT):
            digest.update(piece)
        if digest.hexdigest() != self.sha256:
            raise DataError(target, f"SHA-256 {self.sha256}", digest.hexdigest())
