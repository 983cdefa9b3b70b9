"""Convolutions as loops over the taps of the kernel: what the kernels are measured against."""

from __future__ import annotations

from typing import Any

import numpy as np


def _pair(value: Any) -> tuple[Any, Any]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _padding(padding: Any, kernel: tuple[int, int], dilation: tuple[int, int]) -> list[tuple[int, int]]:
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return [(t // 2, t - t // 2) for t in total]
    return [_pair(p) for p in _pair(padding)]


def _patches(x: np.ndarray, window: Any, tap: tuple[int, int], maps: tuple[int, int]) -> np.ndarray:
    """The elements of the padded image that lie under one tap of every window: a view (N, C, H', W')."""
    stride, dilation = window
    rows, columns = (
        slice(t * d, t * d + (m - 1) * s + 1, s) for t, d, s, m in zip(tap, dilation, stride, maps, strict=True)
    )
    return x[:, :, rows, columns]


def conv2d(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> np.ndarray:  # fmt: skip
    if x.ndim == 3:
        return conv2d(x[None], w, b, stride, padding, dilation, groups)[0]
    stride, dilation, kernel = _pair(stride), _pair(dilation), w.shape[2:]
    x = np.pad(x, [(0, 0), (0, 0), *_padding(padding, kernel, dilation)])
    maps = tuple(
        (n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(x.shape[2:], dilation, kernel, stride, strict=True)
    )
    parts = zip(np.split(x, groups, 1), np.split(w, groups, 0), strict=True)
    y = np.concatenate([_one_group(xg, wg, (stride, dilation), maps) for xg, wg in parts], 1)
    return y if b is None else y + b[:, None, None]


def _one_group(x: np.ndarray, w: np.ndarray, window: Any, maps: Any) -> np.ndarray:
    y = np.zeros((x.shape[0], w.shape[0], *maps))
    for u, v in np.ndindex(w.shape[2:]):
        y += np.einsum("nchw,oc->nohw", _patches(x, window, (u, v), maps), w[:, :, u, v])
    return y


def conv_transpose2d(
    y: np.ndarray, w: np.ndarray, b: np.ndarray | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> np.ndarray:  # fmt: skip
    if y.ndim == 3:
        return conv_transpose2d(y[None], w, b, stride, padding, output_padding, groups, dilation)[0]
    stride, dilation, kernel, maps = _pair(stride), _pair(dilation), w.shape[2:], y.shape[2:]
    ends = _padding(padding, kernel, dilation)
    reach = [(m - 1) * s + d * (k - 1) + 1 for m, s, d, k in zip(maps, stride, dilation, kernel, strict=True)]
    size = [r - sum(e) + o for r, e, o in zip(reach, ends, _pair(output_padding), strict=True)]
    room = [max(r, e[0] + n) for r, e, n in zip(reach, ends, size, strict=True)]
    images = []
    for yg, wg in zip(np.split(y, groups, 1), np.split(w, groups, 0), strict=True):
        image = np.zeros((y.shape[0], w.shape[1], *room))
        for u, v in np.ndindex(kernel):
            _patches(image, (stride, dilation), (u, v), maps)[...] += np.einsum("nohw,oc->nchw", yg, wg[:, :, u, v])
        images.append(image[:, :, ends[0][0] : ends[0][0] + size[0], ends[1][0] : ends[1][0] + size[1]])
    x = np.concatenate(images, 1)
    return x if b is None else x + b[:, None, None]


def conv2d_weight_grad(
    x: np.ndarray, y: np.ndarray, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> np.ndarray:  # fmt: skip
    if x.ndim == 3:
        return conv2d_weight_grad(x[None], y[None], kernel_size, stride, padding, dilation, groups)
    stride, dilation, kernel, maps = _pair(stride), _pair(dilation), _pair(kernel_size), y.shape[2:]
    x = np.pad(x, [(0, 0), (0, 0), *_padding(padding, kernel, dilation)])
    parts = []
    for xg, yg in zip(np.split(x, groups, 1), np.split(y, groups, 1), strict=True):
        w = np.zeros((yg.shape[1], xg.shape[1], *kernel))
        for u, v in np.ndindex(kernel):
            patches = _patches(xg, (stride, dilation), (u, v), maps)
            w[:, :, u, v] = np.einsum("nchw,nohw->oc", patches, yg)
        parts.append(w)
    return np.concatenate(parts)
