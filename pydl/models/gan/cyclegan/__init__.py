"""CycleGAN: Zhu, Park, Isola and Efros 2017 (arXiv:1703.10593), between images and what is made of others here.

The names are the paper's: G: A → B and F: B → A translate between two domains, D_A and D_B tell real images of each
from translated ones.
"""

from .variant import ENTRY

__all__ = ["ENTRY"]
