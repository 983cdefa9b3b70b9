"""Downloads: bounded, checked, atomic, from the first mirror that serves the right bytes."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import DataError
from .files import CHUNK, describe

TIMEOUT = 30.0
Progress = Callable[[int, int | None], None]


def download(
    urls: Sequence[str],
    target: Path,
    *,
    limit: int,
    check: Callable[[Path, Path], None],
    progress: Progress | bool = True,
) -> Path:
    """Fetch `target` from the first of `urls` that gives at most `limit` bytes which pass `check`.

    The bytes go to a temporary file beside `target`, which `check(file, target)` looks at (it raises
    DataError) before a rename puts it in place: `target` is never partial, an error leaves nothing behind.
    `progress(done, total)` is called as bytes come; True shows a tqdm bar where tqdm is installed.
    DataError with the reason of every mirror if none served.
    """
    reasons = []
    with _folder(target.parent):
        for url in urls:
            try:
                with _temporary(target) as part:
                    _fetch(url, part, target, limit, progress)
                    check(part, target)
                    _publish(part, target)
                return target
            except DataError as error:
                reasons.append(f"{url}: expected {error.expected}, got {error.got}")
        raise DataError(target, "a download from one of its addresses", "; ".join(reasons) or "no address")


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Make `folder`, and remove it again if an exception leaves it empty."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(folder, "a folder to download to", error.strerror or str(error)) from error
    try:
        yield
    except BaseException:
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


@contextlib.contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise DataError(target.parent, "a folder to write to", error.strerror or str(error)) from error
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _publish(part: Path, target: Path) -> None:
    try:
        os.chmod(part, 0o644)
        os.replace(part, target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise DataError(target, "a place to write", error.strerror or str(error)) from error


def _fetch(url: str, part: Path, target: Path, limit: int, progress: Progress | bool) -> None:
    import http.client
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": "pydl"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response, open(part, "wb") as file:
            total = _announced(response, url, limit)
            with _bar(progress, target.name, total) as report:
                done = _copy(response, file, url, limit, lambda n: report(n, total))
            file.flush()
            os.fsync(file.fileno())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DataError(url, "an answer", str(error) or type(error).__name__) from error
    if total is not None and done != total:
        raise DataError(url, f"{total} bytes", f"{done}")


def _announced(response: Any, url: str, limit: int) -> int | None:
    text = response.headers.get("Content-Length")
    total = int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None
    if total is not None and total > limit:
        raise DataError(url, f"at most {limit} bytes", f"{total}")
    return total


def _copy(response: Any, file: Any, url: str, limit: int, report: Callable[[int], None]) -> int:
    done = 0
    while piece := response.read(min(CHUNK, limit + 1 - done)):
        if not done and describe(piece).startswith("an HTML"):
            raise DataError(url, "a data file", describe(piece))
        done += len(piece)
        if done > limit:
            raise DataError(url, f"at most {limit} bytes", "more")
        file.write(piece)
        report(done)
    return done


@contextlib.contextmanager
def _bar(progress: Progress | bool, name: str, total: int | None) -> Iterator[Progress]:
    if callable(progress):
        yield progress
        return
    try:
        from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        tqdm = None
    if not progress or tqdm is None:
        yield lambda done, whole: None
        return
    with tqdm(desc=name, total=total, unit="B", unit_scale=True, file=sys.stderr, leave=False) as bar:
        yield lambda done, whole: bar.update(done - bar.n) and None
