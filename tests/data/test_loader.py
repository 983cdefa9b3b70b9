import gc
import os
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import pydl
from pydl.data import (
    ArrayDataset,
    DataLoader,
    Dataset,
    RandomSampler,
    Subset,
    WeightedRandomSampler,
    sample_rng,
)
from pydl.data.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToTensor

PIPELINE = Compose([RandomCrop(5, padding=2), RandomHorizontalFlip(), ToTensor(), Normalize(0.5, 0.25)])


class Plain(Dataset):
    """Hides an ArrayDataset's arrays, so that it is read one by one."""

    def __init__(self, inner):
        self.inner = inner

    def __len__(self):
        return len(self.inner)

    def __getitem__(self, index):
        return self.inner[index]


class Faulty(Plain):
    def __getitem__(self, index):
        if index == 17:
            raise KeyError("broken sample")
        return index


def run(loader):
    return [tuple(np.array(part) for part in batch) for batch in loader]


def same(a, b):
    return len(a) == len(b) and all(
        np.array_equal(p, q) and p.dtype == q.dtype
        for x, y in zip(a, b, strict=True)
        for p, q in zip(x, y, strict=True)
    )


def data_threads():
    return [t for t in threading.enumerate() if t.name.startswith("pydl-data")]


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [16, 16, 8]), (True, [16, 16])])
def test_batches_in_order(images, drop_last, sizes):
    loader = DataLoader(images, 16, drop_last=drop_last)
    batches = run(loader)
    assert [len(y) for _, y in batches] == sizes
    assert len(loader) == len(sizes)
    assert np.concatenate([y for _, y in batches]).tolist() == list(range(sum(sizes)))


def test_shuffle_is_a_function_of_seed_and_epoch(images):
    first, second = (DataLoader(images, 7, shuffle=True, seed=3) for _ in range(2))
    epochs = [np.concatenate([y for _, y in run(first)]) for _ in range(3)]
    assert all(sorted(e) == list(range(40)) for e in epochs)
    assert not np.array_equal(epochs[0], epochs[1])
    second.set_epoch(2)
    assert np.array_equal(np.concatenate([y for _, y in run(second)]), epochs[2])
    other = DataLoader(images, 7, shuffle=True, seed=4)
    assert not np.array_equal(np.concatenate([y for _, y in run(other)]), epochs[0])


def test_without_a_seed_the_order_follows_manual_seed(images):
    before = pydl.get_rng_state()
    try:
        loader = DataLoader(images, 7, shuffle=True)
        pydl.manual_seed(11)
        assert same(run(loader), run(DataLoader(images, 7, shuffle=True, seed=11)))
        next(iter(loader))
        state = loader.state_dict()
        pydl.manual_seed(12)
        assert loader.state_dict() == state
        rest = DataLoader(images, 7, shuffle=True)
        rest.load_state_dict(state)
        known = DataLoader(images, 7, shuffle=True, seed=11)
        known.set_epoch(1)
        assert same(run(rest), run(known)[1:])
        assert RandomSampler(images).seed == 12
    finally:
        pydl.set_rng_state(before)


def test_shuffle_order_is_pinned():
    """The order must not change between releases: a resumed run relies on it."""
    loader = DataLoader(range(10), 10, shuffle=True, seed=1)
    assert loader.indices(0).tolist() == [0, 5, 7, 4, 8, 2, 6, 9, 3, 1]


@pytest.mark.parametrize("workers", [0, 1, 3, 8])
@pytest.mark.parametrize("wrap", [lambda d: d, Plain, lambda d: Subset(d, np.arange(40))])
def test_bits_do_not_depend_on_workers_or_path(images, workers, wrap):
    images.transform = PIPELINE
    expected = run(DataLoader(Plain(images), 6, shuffle=True, seed=9))
    loader = DataLoader(wrap(images), 6, shuffle=True, seed=9, num_workers=workers)
    assert same(run(loader), expected)
    assert not same(run(loader), expected)


def test_sample_rng_reaches_functions_and_datasets(images):
    class Noisy(Plain):
        def __getitem__(self, index):
            return sample_rng().random()

    images.transform = lambda x: x + sample_rng().random()
    for data in (images, Noisy(images)):
        one, many = (list(DataLoader(data, 8, num_workers=w, seed=1)) for w in (0, 4))
        assert all(np.array_equal(a[0], b[0]) for a, b in zip(one, many, strict=True))


@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("stop", [0, 1, 4, 7])
def test_resume_gives_the_batches_still_to_come(images, workers, stop):
    images.transform = PIPELINE

    def loader():
        return DataLoader(images, 6, shuffle=True, seed=5, num_workers=workers)

    whole = loader()
    expected = [run(whole) for _ in range(3)]
    first = loader()
    run(first)
    iterator = iter(first)
    for _ in range(stop):
        next(iterator)
    state = first.state_dict()
    second = loader()
    second.load_state_dict(state)
    assert same(run(second), expected[1][stop:])
    assert same(run(second), expected[2])


def test_a_broken_off_epoch_is_followed_by_the_next(images):
    loader = DataLoader(images, 8, shuffle=True, seed=5)
    epochs = [run(DataLoader(images, 8, shuffle=True, seed=5))]
    next(iter(loader))
    assert loader.state_dict()["position"] == 1
    assert not same(run(loader), epochs[0])
    assert loader.state_dict()["epoch"] == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"batch_size": 9}, "expected batch_size = 8, got 9"),
        ({"samples": 41}, "expected samples = 40, got 41"),
        ({"position": 6}, "expected position"),
        ({"epoch": -1}, "expected epoch"),
        ({"extra": 1}, "expected keys"),
    ],
)
def test_a_wrong_state_changes_nothing(images, change, text):
    loader = DataLoader(images, 8, shuffle=True, seed=5)
    before = loader.state_dict()
    with pytest.raises(ValueError, match=text):
        loader.load_state_dict({**before, **change})
    assert loader.state_dict() == before


@pytest.mark.parametrize("workers", [0, 2])
def test_dataset_exceptions_keep_type_and_name_the_index(images, workers):
    loader = DataLoader(Faulty(images), 5, num_workers=workers)
    seen = []
    with pytest.raises(KeyError, match="broken sample") as caught:
        seen.extend(loader)
    assert len(seen) == 3
    assert any("index 17 (batch 3)" in note for note in caught.value.__notes__)
    assert (len(caught.value.__notes__) == 2) == bool(workers)
    assert not data_threads()


def test_stop_iteration_in_a_dataset_does_not_end_the_epoch(images):
    class Stops(Plain):
        def __getitem__(self, index):
            raise StopIteration

    with pytest.raises(RuntimeError, match="got StopIteration"):
        list(DataLoader(Stops(images), 5))


def test_a_dataset_that_shrinks_names_the_index():
    data = list(range(20))
    loader = DataLoader(data, 4, num_workers=2)
    iterator = iter(loader)
    next(iterator)
    del data[15:]
    with pytest.raises(IndexError) as caught:
        list(iterator)
    assert any("index 1" in note for note in caught.value.__notes__)


def test_ragged_samples_are_refused():
    with pytest.raises(ValueError, match=r"expected samples of one shape \(2,\), got \(3,\) at position 1") as caught:
        list(DataLoader([np.zeros(2), np.zeros(3)], 2))
    assert "batch 0" in caught.value.__notes__[0]
    with pytest.raises(ValueError, match="expected samples of 2 parts, got 1 at position 1"):
        list(DataLoader([(1, 2), (3,)], 2))
    with pytest.raises(TypeError, match="got object"):
        list(DataLoader([object()], 1))


def test_collate_nests():
    samples = [
        {"x": np.ones(2, np.float32), "y": (1, 2.5), "z": "a"},
        {"x": np.zeros(2, np.float32), "y": (3, 4), "z": "b"},
    ]
    (batch,) = DataLoader(samples, 2)
    assert batch["x"].tolist() == [[1, 1], [0, 0]]
    assert batch["x"].dtype == np.float32
    assert batch["y"][0].tolist() == [1, 3]
    assert batch["y"][1].dtype == np.float64
    assert batch["z"] == ["a", "b"]


@pytest.mark.parametrize(
    ("samples", "error", "got"),
    [
        ([{"a": 1}, {"b": 1}], ValueError, "mappings with the keys ['a'], got ['b'] at position 1"),
        ([{"a": 1}, {"a": 1, "b": 1}], ValueError, "mappings with the keys ['a'], got ['a', 'b'] at position 1"),
        ([(1, 2), 1], TypeError, "of one kind, sequences, got int at position 1"),
        ([1, (1, 2)], TypeError, "of one kind, arrays or numbers, got tuple at position 1"),
        (["a", 1], TypeError, "of one kind, strings, got int at position 1"),
        (["a", b"b"], TypeError, "of one kind, strings, got bytes at position 1"),
        ([{"a": 1}, [1]], TypeError, "of one kind, mappings, got list at position 1"),
        ([{"a": 1}, None], TypeError, "of one kind, mappings, got NoneType at position 1"),
    ],
)
def test_samples_of_different_kinds_are_not_mixed(samples, error, got):
    with pytest.raises(error, match=re.escape(f"[default_collate] expected {'samples ' * (error is TypeError)}{got}")):
        next(iter(DataLoader(samples, 2)))


def test_mappings_in_another_order():
    (batch,) = DataLoader([{"a": 1, "b": 2}, {"b": 3, "a": 4}], 2)
    assert {key: value.tolist() for key, value in batch.items()} == {"a": [1, 4], "b": [2, 3]}


def test_a_sampler_that_gives_no_integers():
    with pytest.raises(TypeError, match=r"\[DataLoader\] expected sampler to give integers, got 0.5"):
        next(iter(DataLoader(range(9), 2, sampler=[0.5, 1.7])))
    (batch,) = DataLoader(range(9), 3, sampler=np.array([2, 1], np.uint8))
    assert batch.tolist() == [2, 1]


@pytest.mark.parametrize("state", [None, 3, [], "seed"])
def test_the_state_of_a_loader_is_a_dict(state):
    with pytest.raises(TypeError, match=r"\[load_state_dict\] expected a dict of seed, epoch, "):
        DataLoader(range(9)).load_state_dict(state)
    with pytest.raises(ValueError, match=r"\[load_state_dict\] expected keys"):
        DataLoader(range(9)).load_state_dict({3: 4, "seed": 1})


def test_collate_fn_gets_the_samples(images):
    (batch,) = DataLoader(images, 40, collate_fn=lambda samples: [y for _, y in samples])
    assert batch == list(range(40))


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"batch_size": 0}, ValueError, "expected batch_size to be an integer >= 1, got 0"),
        ({"batch_size": 2.0}, TypeError, "expected batch_size"),
        ({"batch_size": True}, TypeError, "expected batch_size"),
        ({"num_workers": -1}, ValueError, "expected num_workers"),
        ({"prefetch_factor": 0}, ValueError, "expected prefetch_factor"),
        ({"timeout": -1}, ValueError, "expected timeout"),
        ({"timeout": 3}, ValueError, "expected timeout 0 where num_workers is 0, got 3"),
        ({"timeout": float("nan")}, ValueError, "expected timeout"),
        ({"seed": -1}, ValueError, "expected seed"),
        ({"seed": 2**64}, ValueError, "expected seed"),
        ({"seed": 1, "generator": np.random.default_rng(0)}, ValueError, "seed or generator"),
        ({"collate_fn": 3}, TypeError, "expected a callable collate_fn"),
        ({"shuffle": True, "sampler": [1]}, ValueError, "shuffle or sampler"),
    ],
)
def test_arguments_are_checked(images, options, error, text):
    with pytest.raises(error, match=text):
        DataLoader(images, **options)
    with pytest.raises(TypeError, match="__getitem__ and __len__"):
        DataLoader(3)


def test_empty_and_small_datasets():
    assert list(DataLoader([], 4, shuffle=True, num_workers=2)) == []
    assert [b.tolist() for b in DataLoader([1, 2], 100, num_workers=2)] == [[1, 2]]
    assert list(DataLoader([1, 2], 100, drop_last=True)) == []


def test_samplers(images):
    assert [b.tolist() for b in DataLoader(range(9), 2, sampler=[4, 1, 8])] == [[4, 1], [8]]
    some = DataLoader(images, 5, sampler=RandomSampler(images, num_samples=12, generator=2))
    drawn = np.concatenate([y for _, y in run(some)])
    assert len(set(drawn.tolist())) == 12
    weighted = WeightedRandomSampler([0, 1, 0, 3], 4000, generator=1)
    counts = np.bincount(weighted.indices(0), minlength=4)
    assert counts[[0, 2]].tolist() == [0, 0]
    assert abs(counts[3] / 4000 - 0.75) < 0.03
    with pytest.raises(ValueError, match="num_samples <= 40, got 41"):
        RandomSampler(images, num_samples=41)
    with pytest.raises(ValueError, match="weights"):
        WeightedRandomSampler([1, -1], 2)


@pytest.mark.parametrize("how", ["break", "iterator dropped", "exhausted"])
def test_no_thread_is_left(images, how):
    loader = DataLoader(images, 2, num_workers=4)
    if how == "break":
        for _ in loader:
            break
    elif how == "exhausted":
        list(loader)
    else:
        iterator = iter(loader)
        next(iterator)
        del iterator
    gc.collect()
    assert not data_threads()


def test_reading_ahead_is_bounded(images):
    read = []

    class Counting(Plain):
        def __getitem__(self, index):
            read.append(index)
            return index

    iterator = iter(DataLoader(Counting(images), 1, num_workers=2, prefetch_factor=3))
    next(iterator)
    time.sleep(0.2)
    assert 1 <= len(read) <= 1 + 6
    assert len(list(iterator)) == 39


def test_timeout_names_the_batch(images):
    release = threading.Event()

    class Hangs(Plain):
        def __getitem__(self, index):
            release.wait(20)
            return index

    with pytest.raises(RuntimeError, match=r"expected batch 0 within timeout=0.1 s"):
        next(iter(DataLoader(Hangs(images), 1, num_workers=1, timeout=0.1)))
    release.set()


SCRIPT = """
import os, signal, sys, threading, time
import numpy as np
from pydl.data import DataLoader, Dataset
class Slow(Dataset):
    def __len__(self): return 1000
    def __getitem__(self, index):
        time.sleep(0.01)
        return index
iterator = iter(DataLoader(Slow(), 4, num_workers=3))
next(iterator)
"""


def script(tail):
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", SCRIPT + tail], capture_output=True, text=True, timeout=60)
    return done, time.monotonic() - begin


def test_interpreter_exit_with_a_live_loader():
    done, _ = script("sys.exit(3)")
    assert (done.returncode, done.stderr) == (3, "")


def test_ctrl_c_in_the_loader():
    tail = """
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
begin = time.monotonic()
try:
    for _ in iterator: begin = time.monotonic()
except KeyboardInterrupt:
    print(time.monotonic() - begin < 1)
del iterator
time.sleep(0.1)
print([t.name for t in threading.enumerate() if t.name.startswith("pydl")])
"""
    done, _ = script(tail)
    assert (done.stdout, done.stderr) == ("True\n[]\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_with_a_live_loader():
    tail = """
import warnings
warnings.simplefilter("ignore")
child = os.fork()
if not child:
    try:
        next(iterator)
    except RuntimeError as error:
        ok = "before a fork" in str(error)
    fresh = [int(b[0]) for b, _ in zip(DataLoader(range(50), 5, num_workers=2), range(3))]
    print(ok, fresh, flush=True)
    sys.exit(0)
_, status = os.waitpid(child, 0)
print(status, int(next(iterator)[0]))
"""
    done, _ = script(tail)
    assert (done.stdout, done.stderr) == ("True [0, 5, 10]\n0 4\n", "")


def test_two_iterators_at_once(images):
    loader = DataLoader(images, 10, num_workers=2)
    pairs = list(zip(loader, loader, strict=True))
    assert len(pairs) == 4
    assert all(np.array_equal(a[1], b[1]) for a, b in pairs)


def test_a_subclass_with_its_own_items_is_read_by_item():
    class Doubled(ArrayDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)[0] * 2

    (batch,) = DataLoader(Doubled(np.arange(3)), 3)
    assert batch.tolist() == [0, 2, 4]
