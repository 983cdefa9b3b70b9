"""Philox4x32-10 (Salmon et al. 2011) in Python's integers, one word at a time."""

from __future__ import annotations

import numpy as np


def word(index: int, seed: int, stream: int = 0) -> int:
    """Word `index` of the stream that `seed` names, in 0 … 2³² - 1."""
    block = index // 4
    counter = [block % 2**32, block >> 32, stream % 2**32, stream >> 32]
    key = [seed % 2**32, seed >> 32]
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (second >> 32) ^ counter[1] ^ key[0], second % 2**32, (first >> 32) ^ counter[3] ^ key[1], first % 2**32,
        ]  # fmt: skip
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return counter[index % 4]


def mask(shape: tuple[int, ...], seed: int, p: float) -> np.ndarray:
    """True with probability p, from the start of the stream."""
    count = int(np.prod(shape))
    return np.array([word(i, seed) < p * 2**32 for i in range(count)], bool).reshape(shape)
