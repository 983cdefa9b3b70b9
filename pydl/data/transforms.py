"""Transforms of arrays (…, H, W), with torchvision's names; each takes one sample or, by `batch`, many.

Random ones draw from the generator of the sample in hand, so a pipeline gives the same bits one by one, by
batches, and at any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import checks
from .resize import resize
from .samplerng import SampleRNG, current, sample_of, sample_rng, uniforms

MODES = ("constant", "edge", "reflect", "symmetric")


class Transform:
    """Base of transforms. Subclasses give `apply(x, rng)`, and `batch` as well where that is faster."""

    def __call__(self, x: Any) -> Any:
        return self.apply(np.asarray(x), sample_rng)

    def apply(self, x: np.ndarray, rng: Callable[[], np.random.Generator]) -> np.ndarray:
        """The transformed sample; `rng()` is its generator."""
        raise NotImplementedError(f"[{type(self).__name__}] a transform needs apply(x, rng)")

    def batch(self, x: np.ndarray, rngs: Sequence[SampleRNG]) -> np.ndarray:
        """The transformed samples of a batch (N, …), each with its own generator."""
        samples = []
        for value, rng in zip(x, rngs, strict=True):
            with sample_of(rng):
                samples.append(np.asarray(self(value)))
        return np.stack(samples) if samples else x


class Pointwise(Transform):
    """Base of transforms that treat all leading dimensions alike, so that a batch is one call."""

    def batch(self, x: np.ndarray, rngs: Sequence[SampleRNG]) -> np.ndarray:
        return self.apply(x, sample_rng)


class Batchwise(Transform):
    """Base of random transforms that give `batch`, with the same bits for a sample alone."""

    def __call__(self, x: Any) -> Any:
        return self.batch(np.asarray(x)[None], [current()])[0]


class Compose(Transform):
    """One transform after the other; plain functions are taken as `Lambda`."""

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        self.transforms = [t if isinstance(t, Transform) else Lambda(t) for t in transforms]

    def apply(self, x: np.ndarray, rng: Callable[[], np.random.Generator]) -> np.ndarray:
        for transform in self.transforms:
            x = transform(x)
        return x

    def batch(self, x: np.ndarray, rngs: Sequence[SampleRNG]) -> np.ndarray:
        for transform in self.transforms:
            x = transform.batch(x, rngs)
        return x


class Lambda(Transform):
    """`function(sample)` as a transform."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise TypeError(f"[Lambda] expected a callable, got {type(function).__name__}")
        self.function = function

    def __call__(self, x: Any) -> Any:
        return self.function(x)


class ToTensor(Transform):
    """float32 (C, H, W) from an image (H, W), (H, W, C) or (C, H, W) with C in {1, 3, 4}.

    Integers are divided by `scale` (255: to [0, 1]); floats keep their values. ValueError for other shapes.
    """

    def __init__(self, scale: float = 255) -> None:
        self.scale = np.float32(checks.number("ToTensor", "scale", scale, 2.0**-64, 2.0**64))

    def apply(self, x: np.ndarray, rng: Callable[[], np.random.Generator]) -> np.ndarray:
        return self.batch(x[None], ())[0]

    def batch(self, x: np.ndarray, rngs: Sequence[SampleRNG]) -> np.ndarray:
        if x.ndim == 3:
            x = x[:, None]
        elif x.ndim == 4 and x.shape[3] in (1, 3, 4):
            x = x.transpose(0, 3, 1, 2)
        elif x.ndim != 4 or x.shape[1] not in (1, 3, 4):
            raise ValueError(
                f"[ToTensor] expected an image (H, W), (H, W, C) or (C, H, W) with C 1, 3 or 4, got {x.shape[1:]}"
            )
        if x.dtype.kind in "ui":
            return np.divide(np.ascontiguousarray(x), self.scale, dtype=np.float32)
        if x.dtype.kind not in "bf":
            raise TypeError(f"[ToTensor] expected integers, floats or booleans, got {x.dtype}")
        return np.array(x, np.float32, order="C")


class Normalize(Pointwise):
    """(x - mean) / std, channel by channel, for floats (…, C, H, W)."""

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        self.mean, self.std = (np.atleast_1d(np.asarray(v, np.float64)) for v in (mean, std))
        if not np.all(np.isfinite(self.mean)) or not np.all(np.isfinite(self.std)) or np.any(self.std <= 0):
            raise ValueError(f"[Normalize] expected finite mean and std > 0, got {mean} and {std}")

    def apply(self, x: np.ndarray, rng: Callable[[], np.random.Generator]) -> np.ndarray:
        if x.dtype.kind != "f":
            raise TypeError(f"[Normalize] expected floats (use ToTensor first), got {x.dtype}")
        mean, std = (v.astype(x.dtype)[:, None, None] for v in (self.mean, self.std))
        if x.ndim < 3 or max(len(mean), len(std)) not in (1, x.shape[-3]):
            raise ValueError(f"[Normalize] expected (…, {max(len(mean), len(std))}, H, W), got {x.shape}")
        return (x - mean) / std


class Pad(Pointwise):
    """Pads H and W by `padding`: one number, (left/right, top/bottom) or (left, top, right, bottom)."""

    def __init__(self, padding: int | Sequence[int], fill: float = 0, padding_mode: str = "constant") -> None:
        values = [padding] if isinstance(padding, int) else list(padding)
        if len(values) not in (1, 2, 4):
            raise ValueError(f"[Pad] expected padding of 1, 2 or 4 integers, got {padding}")
        if padding_mode not in MODES:
            raise ValueError(f"[Pad] expected padding_mode to be one of {MODES}, got {padding_mode!r}")
        values = [checks.integer("Pad", "padding", v, 0, 2**16) for v in values]
        left, top, right, bottom = values * (4 // len(values))
        self.width, self.fill, self.mode = ((top, bottom), (left, right)), fill, padding_mode

    def apply(self, x: np.ndarray, rng: Callable[[], np.random.Generator]) -> np.ndarray:
        width = ((0, 0),) * (x.ndim - 2) + self.width
        if self.mode == "constant":
            return np.pad(x, width, constant_values=self.fill)
        return np.pad(x, width, mode=self.mode)  # type: ignore[call-overload]


class CenterCrop(Pointwise):
    """The middle (H, W) = `size` of the image."""

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = _size("CenterCrop", size)

    def apply(self, x: np.ndarray, rng: Callable[[], np.random.Generator]) -> np.ndarray:
        _check_fits("CenterCrop", x.shape, self.size)
        top, left = ((n - k) // 2 for n, k in zip(x.shape[-2:], self.size, strict=True))
        return x[..., top : top + self.size[0], left : left + self.size[1]]


class RandomCrop(Batchwise):
    """A window of (H, W) = `size` at a uniformly random place of the image padded by `padding`."""

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        *,
        fill: float = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size = _size("RandomCrop", size)
        self.pad = None if padding is None else Pad(padding, fill, padding_mode)

    def batch(self, x: np.ndarray, rngs: Sequence[SampleRNG]) -> np.ndarray:
        padded = x if self.pad is None else self.pad(x)
        _check_fits("RandomCrop", padded.shape[1:], self.size)
        top, left = (
            (uniforms(rngs) * (n - k + 1)).astype(np.intp) for n, k in zip(padded.shape[-2:], self.size, strict=True)
        )
        flat = padded.reshape(len(padded), -1, *padded.shape[-2:])
        windows = np.lib.stride_tricks.sliding_window_view(flat, self.size, (2, 3))
        return windows[np.arange(len(flat)), :, top, left].reshape(*padded.shape[:-2], *self.size)


class RandomHorizontalFlip(Batchwise):
    """Mirrors left and right with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = checks.number("RandomHorizontalFlip", "p", p, 0, 1)

    def batch(self, x: np.ndarray, rngs: Sequence[SampleRNG]) -> np.ndarray:
        flip = uniforms(rngs) < self.p
        out = x.copy()
        out[flip] = x[flip][..., ::-1]
        return out


class Resize(Pointwise):
    """Resizes to (H, W) = `size`, or the shorter side to an integer `size`; "bilinear" or "nearest".

    Half-pixel centres, no antialiasing: PyTorch's interpolate(align_corners=False). Integers are rounded.
    """

    def __init__(self, size: int | Sequence[int], interpolation: str = "bilinear") -> None:
        self.shorter = size if isinstance(size, int) else None
        self.size = _size("Resize", size)
        if interpolation not in ("bilinear", "nearest"):
            raise ValueError(f'[Resize] expected interpolation "bilinear" or "nearest", got {interpolation!r}')
        self.interpolation = interpolation

    def apply(self, x: np.ndarray, rng: Callable[[], np.random.Generator]) -> np.ndarray:
        size = self.size
        if self.shorter is not None and x.ndim >= 2 and 0 not in x.shape[-2:]:
            height, width = x.shape[-2:]
            short = min(height, width)
            size = (height * self.shorter // short, width * self.shorter // short)
        return resize(x, size, self.interpolation)


def _size(where: str, size: int | Sequence[int]) -> tuple[int, int]:
    pair = tuple(size) if isinstance(size, Sequence) else (size, size)
    if len(pair) != 2:
        raise ValueError(f"[{where}] expected size to be an integer or (H, W), got {size}")
    height, width = (checks.integer(where, "size", n, 1, 2**16) for n in pair)
    return height, width


def _check_fits(where: str, shape: tuple[int, ...], size: tuple[int, int]) -> None:
    if len(shape) < 2 or shape[-2] < size[0] or shape[-1] < size[1]:
        raise ValueError(f"[{where}] expected an image of at least {size}, got shape {shape}")
