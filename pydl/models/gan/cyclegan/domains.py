"""What the images of the second domain are made by."""

from __future__ import annotations

from .... import ops
from ....creation import tensor
from ....nn import functional as F
from ....tensor import Tensor


def inverted(images: Tensor) -> Tensor:
    """1 - x."""
    return 1.0 - images


def edges(images: Tensor) -> Tensor:
    """The size of the slope of every channel, by Sobel's filters, at most 1."""
    count, maps, height, width = images.shape
    sobel = tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]], dtype=images.dtype) / 4
    filters = ops.stack([sobel, sobel.T], 0).unsqueeze(1)
    slopes = F.conv2d(images.reshape(count * maps, 1, height, width), filters, padding=1)
    return ops.clamp(slopes.square().sum(1).sqrt(), 0.0, 1.0).reshape(*images.shape)


DOMAINS = {"inverted": inverted, "edges": edges}
