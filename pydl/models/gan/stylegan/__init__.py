"""StyleGAN: Karras, Laine and Aila 2019 (arXiv:1812.04948), for square images of 8 to 64 pixels.

All sizes are trained from the start, not one after the other as in the paper; for each sample is decided apart
whether and where its styles are mixed. The rate is the authors' for images below 128 pixels, all of which are narrower
here than theirs.
"""

from .variant import ENTRY

__all__ = ["ENTRY"]
