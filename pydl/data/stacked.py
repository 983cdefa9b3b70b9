"""Stacked MNIST: three digits as the channels of one image, 1,000 modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .dataset import ArrayDataset


class StackedDataset(ArrayDataset):
    """Image i has the grey images `triples[i]` as channels; its label is 100 a + 10 b + c.

    The images are put together when read, so that the 128,000 usual ones take no memory.
    (Metz et al., "Unrolled Generative Adversarial Networks", section 3.3.1.)
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        triples: np.ndarray,
        transform: Callable[..., Any] | None,
        split: str,
    ) -> None:
        super().__init__(
            triples,
            labels[triples] @ np.array([100, 10, 1]),
            transform=transform,
            name="stacked-mnist",
            split=split,
            classes=[f"{i:03d}" for i in range(1000)],
        )
        self.images, self.digits = images.reshape(len(images), *images.shape[-2:]), labels

    def singles(self) -> ArrayDataset:
        """The grey images (1, H, W) one by one, each with its digit."""
        names = [str(i) for i in range(10)]
        return ArrayDataset(self.images[:, None], self.digits, transform=self.transform, name="mnist", classes=names)

    @property
    def image_shape(self) -> tuple[int, ...]:
        return (3, *self.images.shape[1:])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        image = self.images[self.arrays[0][index]]
        return image if self.transform is None else self.transform(image), self.arrays[1][index]

    def _first(self, indices: np.ndarray) -> np.ndarray:
        return self.images[self.arrays[0][indices]]
