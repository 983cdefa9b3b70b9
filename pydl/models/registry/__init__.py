"""What `pydl train` knows of each model: its options and their meaning, its task, its samples.

The networks are in the folder above; a GAN's entry is with the rest of it, in `gan/`.
"""

from .catalogue import get, names
from .entry import Data, Entry, class_count, complete

__all__ = ["Data", "Entry", "class_count", "complete", "get", "names"]
