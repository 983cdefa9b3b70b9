"""DataLoader: batches of tensors from a dataset, shuffled by seed, read ahead by threads, resumable."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import checks
from . import check, collate
from .dataset import ArrayDataset, Subset, TensorDataset
from .prefetch import Prefetcher
from .sampler import RandomSampler, Sampler, SequentialSampler
from .samplerng import SampleRNG, batch_of, sample_of
from .stacked import StackedDataset


class DataLoader:
    """Batches of `dataset`, as Tensors, with PyTorch's names and order of arguments.

    The order of an epoch and every random transform are pure functions of (seed, epoch): neither the number
    of workers nor the machine's timing changes a bit. Each `iter()` is one epoch; `state_dict()` holds the
    seed, the epoch and how many batches were handed out, and `load_state_dict()` lets the next `iter()` go on
    there. `num_workers` threads read ahead, each `prefetch_factor` batches; a dataset's exception is raised
    where its batch was due, with the index in its notes. `timeout` seconds bound the wait for one batch of the
    workers (0: no bound). `seed` (or `generator`) is an integer, or a generator to draw one from; unless given it
    is, for each epoch, the seed that `pydl.manual_seed` was last called with (0 at the start).
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        sampler: Sampler | Iterable[int] | None = None,
        *,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
        timeout: float = 0,
        prefetch_factor: int = 2,
        seed: Any = None,
        generator: Any = None,
    ) -> None:
        self.dataset, self.collate_fn, self.drop_last = dataset, collate_fn, bool(drop_last)
        self.batch_size = checks.integer("DataLoader", "batch_size", batch_size, 1)
        self.num_workers = checks.integer("DataLoader", "num_workers", num_workers, 0, 256)
        self.prefetch_factor = checks.integer("DataLoader", "prefetch_factor", prefetch_factor, 1, 1024)
        self.timeout = checks.number("DataLoader", "timeout", timeout, 0, 1e6)
        if self.timeout and not self.num_workers:
            raise ValueError(f"[DataLoader] expected timeout 0 where num_workers is 0, got {timeout!r}")
        if not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__"):
            raise TypeError(
                f"[DataLoader] expected dataset to have __getitem__ and __len__, got {type(dataset).__name__}"
            )
        if collate_fn is not None and not callable(collate_fn):
            raise TypeError(f"[DataLoader] expected a callable collate_fn, got {type(collate_fn).__name__}")
        if shuffle and sampler is not None:
            raise ValueError("[DataLoader] expected shuffle or sampler, got both")
        chosen = _choose_seed(seed, generator)
        self.seed, self._follows = check.seed("DataLoader", chosen), chosen is None
        self._own = sampler is None
        self.sampler = sampler if sampler is not None else _sampler(dataset, bool(shuffle), self.seed)
        self.epoch, self.position, self._fresh = 0, 0, True

    def __len__(self) -> int:
        """Batches in an epoch."""
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        if not self._fresh:
            self.set_epoch(self.epoch + 1)
        self._follow()
        self._fresh = False
        return _Epoch(self, self.epoch, self.position)

    def _follow(self) -> None:
        """Before an epoch, take the seed of pydl's default generator where none was given."""
        if self._follows and self._fresh:
            self._reseed(check.seed("DataLoader", None))

    def _reseed(self, seed: int) -> None:
        self.seed = seed
        if self._own:
            self.sampler = _sampler(self.dataset, isinstance(self.sampler, RandomSampler), seed)

    def set_epoch(self, epoch: int) -> None:
        """Let the next `iter()` start `epoch` from its first batch."""
        self.epoch, self.position = checks.integer("set_epoch", "epoch", epoch, 0, 2**32 - 1), 0
        self._fresh = True

    def state_dict(self) -> dict[str, int]:
        """Seed, epoch, batches handed out in it, and what the order depends on: plain integers."""
        self._follow()
        return {
            "seed": self.seed,
            "epoch": self.epoch,
            "position": self.position,
            "batch_size": self.batch_size,
            "samples": len(self.sampler),  # type: ignore[arg-type]
        }

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from `state`, with its seed: the next `iter()` gives the batches that were still to come.

        ValueError, and no change, if the state is of another number of samples or batch size.
        """
        own = self.state_dict()
        if not isinstance(state, dict):
            raise TypeError(f"[load_state_dict] expected a dict of {', '.join(own)}, got {type(state).__name__}")
        if set(state) != set(own):
            raise ValueError(f"[load_state_dict] expected keys {sorted(own)}, got {sorted(map(str, state))}")
        for key in ("batch_size", "samples"):
            if state[key] != own[key]:
                raise ValueError(f"[load_state_dict] expected {key} = {own[key]}, got {state[key]}")
        seed = checks.integer("load_state_dict", "seed", state["seed"], 0, 2**64 - 1)
        epoch = checks.integer("load_state_dict", "epoch", state["epoch"], 0, 2**32 - 1)
        position = checks.integer("load_state_dict", "position", state["position"], 0, len(self))
        self.epoch, self.position, self._fresh, self._follows = epoch, position, True, False
        self._reseed(seed)

    def indices(self, epoch: int) -> np.ndarray:
        """The order in which `epoch` visits the samples (a sampler of your own is simply read once)."""
        if isinstance(self.sampler, Sampler):
            return self.sampler.indices(epoch)
        return np.fromiter((_index(value) for value in self.sampler), np.int64)


class _Epoch:
    """The batches of one epoch, from `start` on."""

    def __init__(self, loader: DataLoader, epoch: int, start: int) -> None:
        self.loader, self.epoch, self.next = loader, epoch, start
        order = loader.indices(epoch)
        size = loader.batch_size
        self.count = len(order) // size if loader.drop_last else -(-len(order) // size)
        self.fetch = _Fetch(loader, epoch, order)
        self.ahead: Prefetcher | None = None
        if loader.num_workers and start < self.count:
            workers = loader.num_workers
            reach = workers * loader.prefetch_factor
            self.ahead = Prefetcher(self.fetch, start, self.count, workers, reach, loader.timeout)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return self.count - self.next

    def __next__(self) -> Any:
        if self.next >= self.count:
            self._close()
            raise StopIteration
        try:
            batch = self.fetch(self.next) if self.ahead is None else self.ahead.get()
        except BaseException as error:
            self.next = self.count
            self._close()
            if isinstance(error, StopIteration):  # would end the loop as if the epoch were over
                raise RuntimeError("[DataLoader] expected a sample, got StopIteration") from error
            raise
        self.next += 1
        if self.loader.epoch == self.epoch:
            self.loader.position = self.next
        return batch

    def _close(self) -> None:
        if self.ahead is not None:
            self.ahead.close()


class _Fetch:
    """Reads batch k of an epoch: all at once from arrays, else sample by sample."""

    def __init__(self, loader: DataLoader, epoch: int, order: np.ndarray) -> None:
        self.dataset, self.size, self.collate_fn = loader.dataset, loader.batch_size, loader.collate_fn
        self.seed, self.epoch, self.order = loader.seed, epoch, order
        self.whole = _batch_reader(loader.dataset) if loader.collate_fn is None else None

    def __call__(self, k: int) -> Any:
        indices = self.order[k * self.size : (k + 1) * self.size]
        if self.whole is None:
            return self._one_by_one(k, indices)
        rngs = [SampleRNG(self.seed, self.epoch, index) for index in indices.tolist()]
        try:
            with batch_of(rngs):
                return tuple(collate.as_tensor(array) for array in self.whole(indices))
        except Exception as error:
            error.add_note(f"[DataLoader] while reading batch {k} (indices {_short(indices)})")
            raise

    def _one_by_one(self, k: int, indices: np.ndarray) -> Any:
        samples: list[Any] = []
        for index in indices.tolist():
            try:
                with sample_of(SampleRNG(self.seed, self.epoch, index)):
                    samples.append(self.dataset[index])
            except Exception as error:
                error.add_note(f"[DataLoader] while reading index {index} (batch {k})")
                raise
        try:
            return (self.collate_fn or collate.default_collate)(samples)
        except Exception as error:
            error.add_note(f"[DataLoader] while collating batch {k} (indices {_short(indices)})")
            raise


def _batch_reader(dataset: Any) -> Callable[[np.ndarray], Sequence[np.ndarray]] | None:
    """A function from indices to the arrays of a batch, where the dataset is one of arrays; else None."""
    kind = type(dataset)
    if isinstance(dataset, Subset) and kind.__getitem__ is Subset.__getitem__:
        inner = _batch_reader(dataset.dataset)
        return None if inner is None else lambda indices: inner(dataset.indices[indices])
    # A subclass with items of its own is read item by item.
    known = (ArrayDataset.__getitem__, TensorDataset.__getitem__, StackedDataset.__getitem__)
    return dataset.batch if isinstance(dataset, ArrayDataset) and kind.__getitem__ in known else None


def _index(value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"[DataLoader] expected sampler to give integers, got {value!r}") from None


def _choose_seed(seed: Any, generator: Any) -> Any:
    if seed is not None and generator is not None:
        raise ValueError("[DataLoader] expected seed or generator, got both")
    return generator if seed is None else seed


def _sampler(dataset: Any, shuffle: bool, seed: int) -> Sampler:
    return RandomSampler(dataset, generator=seed) if shuffle else SequentialSampler(dataset)


def _short(indices: np.ndarray) -> str:
    values = ", ".join(map(str, indices[:8].tolist()))
    return values + (", …" if len(indices) > 8 else "")
