"""Translated images that are kept to be shown again."""

from __future__ import annotations

from typing import Any

import numpy as np

from .... import random
from ....creation import as_tensor, from_numpy
from ....tensor import Tensor


class ImagePool:
    """The last generated images, `size` of them, so that a discriminator does not forget (section 4).

    Until it is full, images go in and are given back. Then, image by image, with probability ½ an image that lies in
    the pool is given back and the new one takes its place. Chance comes from `generator`.
    """

    def __init__(self, size: int, generator: random.Generator) -> None:
        self.size, self.generator = size, generator
        self.images: list[np.ndarray] = []

    def query(self, images: Tensor) -> Tensor:
        """As many images as there are in `images` (N, …), new or old."""
        if self.size == 0:
            return images
        given = images.detach().numpy().copy()
        chances = random.rand(len(given), 2, generator=self.generator).numpy()
        for i, (swap, place) in enumerate(chances):
            if len(self.images) < self.size:
                self.images.append(given[i].copy())
            elif swap < 0.5:
                chosen = int(place * self.size)
                old, self.images[chosen] = self.images[chosen], given[i].copy()
                given[i] = old
        return from_numpy(given)

    def state_dict(self) -> dict[str, Any]:
        return {"images": from_numpy(np.stack(self.images)) if self.images else None}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        images = state["images"]
        self.images = [] if images is None else list(as_tensor(images).numpy().copy())
