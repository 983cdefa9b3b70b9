"""Datasets, loaders, samplers and transforms."""

from . import toys, transforms
from .collate import default_collate
from .dataset import ArrayDataset, ConcatDataset, Dataset, Subset, TensorDataset, random_split
from .errors import DataError
from .idx import read_idx
from .loader import DataLoader
from .png import read_png
from .registry import load, names
from .sampler import RandomSampler, Sampler, SequentialSampler, WeightedRandomSampler
from .samplerng import sample_rng

__all__ = [
    "ArrayDataset",
    "ConcatDataset",
    "DataError",
    "DataLoader",
    "Dataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "load",
    "names",
    "random_split",
    "read_idx",
    "read_png",
    "sample_rng",
    "toys",
    "transforms",
]
