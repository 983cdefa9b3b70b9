"""The memory of results: what is kept, what goes back, and who owns it."""

import os
import threading

import numpy as np
import pytest

import pydl
from pydl.backend import cpu_kernels

MIB = 1 << 20
kernels = cpu_kernels()


@pytest.fixture(autouse=True)
def fresh():
    kernels.empty_cache()
    yield
    kernels.empty_cache()


def result(count, fill=1.0):
    """An array of `count` float32 made by a kernel."""
    return kernels.add(np.zeros(count, np.float32), fill)


def address(array):
    return array.__array_interface__["data"][0]


def use_little():
    """For two of the windows in which the pool looks at what was in use."""
    for _ in range(2 * 4096 + 1):
        result(512)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("count", [256, 257, 1000, 4096, 65_536, 100_003, 3_000_001])
def test_results_are_aligned_owned_and_writeable(count):
    array = result(count)
    assert address(array) % 64 == 0
    assert array.flags.carray
    assert not isinstance(array.base, np.ndarray)
    assert isinstance(array[1:].base, np.ndarray)
    assert (array == 1).all()


@pytest.mark.parametrize("count", [16_384, 65_536, 1_500_000])
def test_large_blocks_of_a_size_take_different_places_in_their_pages(count):
    arrays = [result(count) for _ in range(13)]
    places = {address(array) % 4096 for array in arrays}
    assert len(places) == 13
    assert all(place % 256 == 0 for place in places)


def test_a_parameter_and_its_states_lie_apart_in_their_pages():
    weight = pydl.nn.Linear(512, 512).weight
    optimizer = pydl.optim.Adam([weight])
    weight.grad = pydl.zeros_like(weight)
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    states = optimizer.state[weight]
    arrays = [weight.detach().numpy(), states["exp_avg"].numpy(), states["exp_avg_sq"].numpy()]
    assert len({address(array) % 4096 for array in arrays}) == 3
    assert all(address(array) % 64 == 0 for array in arrays)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(), (3,), (300, 300), (1,) * 17 + (70_000,), (0, 70_000)])
def test_tensors_of_any_size_are_full_of_what_was_asked_for(shape, dtype):
    for value in (0, 1, True, -0.0 if "float" in dtype else 0):
        got, expected = pydl.full(shape, value, dtype=dtype).numpy(), np.full(shape, value, dtype)
        assert got.dtype == expected.dtype
        assert got.shape == shape
        assert got.tobytes() == expected.tobytes()
    copy = pydl.tensor(np.asfortranarray(expected)).numpy()
    assert copy.tobytes() == expected.tobytes()
    assert copy.strides == np.array(np.asfortranarray(expected)).strides


def test_tensors_that_are_not_results_go_back_to_the_system():
    start = resident()
    tensors = [pydl.tensor(np.ones(16 * MIB, np.float32)), pydl.full((16 * MIB,), 1.0)]
    assert resident() - start >= 128 * MIB
    del tensors
    assert kernels.memory_use() == (0, 0)
    assert resident() - start <= 16 * MIB


def test_zeros_take_no_memory_before_they_are_written():
    start = resident()
    tensor = pydl.zeros(64 * MIB)
    assert resident() - start <= 16 * MIB
    assert tensor[-1].item() == 0


def test_a_dropped_result_lends_its_memory_to_the_next_of_its_size():
    first = result(100_000)
    where = address(first)
    del first
    second = result(99_999)
    assert address(second) == where
    third = result(100_000)
    assert address(third) != where


def test_a_view_keeps_the_memory():
    array = result(100_000, 3.0)
    view, where = array[10:20], address(array)
    del array
    other = result(100_000, 5.0)
    assert address(other) != where
    assert (view == 3).all()


@pytest.mark.parametrize("count", [2**k + d for k in (9, 14, 20) for d in (-1, 0, 1)])
def test_a_block_is_at_most_an_eighth_too_large(count):
    before = kernels.memory_use()[0]
    array = result(count)
    taken = kernels.memory_use()[0] - before
    if array.nbytes >= 1024:
        assert array.nbytes <= taken <= array.nbytes * 9 / 8


def test_use_is_counted_and_the_cache_can_be_emptied():
    before, kept = kernels.memory_use()
    assert kept == 0
    array = result(MIB)
    assert kernels.memory_use() == (before + 4 * MIB, 0)
    del array
    assert kernels.memory_use() == (before, 4 * MIB)
    kernels.empty_cache()
    assert kernels.memory_use() == (before, 0)


def test_what_is_kept_follows_what_was_in_use_lately():
    arrays = [result(4 * MIB) for _ in range(8)]
    high = kernels.memory_use()[0]
    del arrays
    assert high * 0.99 < sum(kernels.memory_use()) <= high * 1.25 + 16 * MIB
    use_little()
    assert kernels.memory_use()[1] <= 17 * MIB


def test_other_sizes_push_out_what_was_unused_longest():
    use_little()
    for mib in range(4, 64, 3):
        result(mib * MIB // 4)
    assert kernels.memory_use()[1] <= 64 * MIB * 5 / 4 + 16 * MIB


def test_sizes_that_come_by_turns_share_what_is_kept():
    # Together they are more than may be kept: one block serves them all.
    use_little()
    turn = [(28 + 4 * i) * MIB // 4 for i in range(5)]
    addresses = [{address(result(count)) for count in turn} for _ in range(3)]
    assert addresses[1] == addresses[2]
    assert len(addresses[2]) < len(turn)


def test_resident_memory_is_flat_over_many_steps():
    net = pydl.nn.Sequential(pydl.nn.Linear(16, 256), pydl.nn.ReLU(), pydl.nn.Linear(256, 1))
    optimizer = pydl.optim.SGD(net.parameters(), lr=1e-3)
    x = pydl.tensor(np.ones((32, 16), np.float32))

    def run(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            net(x).mean().backward()
            optimizer.step()
        return resident()

    start = run(200)
    assert run(2000) - start <= 4 * MIB


def test_threads_share_the_pool():
    bad = []

    def work(seed):
        rng = np.random.default_rng(seed)
        held = {}
        for i in range(500):
            value = seed * 1000 + i
            held[int(rng.integers(8))] = result(int(rng.integers(256, 20_000)), value), value
            bad.extend(value for array, value in held.values() if not (array == value).all())

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bad == []


def test_a_forked_child_goes_on_with_what_it_inherits():
    array = result(100_000, 2.0)
    spare = result(200_000)
    del spare
    child = os.fork()
    if child == 0:
        ok = (array == 2).all() and (result(200_000, 4.0) == 4).all()
        del array
        os._exit(0 if ok and (result(100_000, 6.0) == 6).all() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert (array == 2).all()


@pytest.mark.parametrize("shape", [(1 << 44,), (1 << 31, 1 << 20), (1 << 40, 1 << 40)])
def test_what_no_memory_can_hold_is_an_error(shape):
    x = np.broadcast_to(np.float32(1), (1,) * len(shape))
    with pytest.raises((MemoryError, ValueError)):
        kernels.add(np.lib.stride_tricks.as_strided(x, shape, (0,) * len(shape)), 1.0)
    assert (result(1000) == 1).all()
