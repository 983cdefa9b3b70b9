"""Memory, threads, errors, and steps beside each other."""

import gc
import os
import resource
import threading
import warnings
import weakref

import numpy as np
import pytest

import pydl
from pydl import nn
from pydl.nn import functional as F


def trainer(seed=0, width=16):
    pydl.manual_seed(seed)
    net = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 3))
    optimizer = pydl.optim.Adam(net.parameters(), lr=0.01)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step, net


def batch(seed=0, rows=6):
    rng = np.random.default_rng(seed)
    x = pydl.from_numpy(rng.standard_normal((rows, 4), np.float32))
    return x, pydl.from_numpy(rng.integers(0, 3, rows))


def test_results_that_are_kept_are_not_written_over():
    step, _ = trainer()
    captured = pydl.capture(step)
    kept = [captured(*batch(i)) for i in range(10)]
    values = [loss.item() for loss in kept]
    for i in range(10):
        captured(*batch(i))
    assert [loss.item() for loss in kept] == values
    assert not any(loss.requires_grad for loss in kept)


def test_two_steps_that_take_turns():
    losses = []
    for wrap in (lambda f: f, pydl.capture):
        steps = [wrap(trainer(seed)[0]) for seed in (1, 2)]
        losses.append([steps[i % 2](*batch(i)).item() for i in range(20)])
    assert losses[0] == losses[1]


def test_a_step_within_a_step_is_a_part_of_it():
    inner = pydl.capture(lambda x: x * 2.0)
    outer = pydl.capture(lambda x: inner(x) + 1.0)
    for i in range(6):
        assert outer(pydl.ones(2) * float(i)).tolist() == [2.0 * i + 1.0] * 2
    assert (inner.recordings, outer.recordings) == (0, 1)


@pytest.mark.parametrize("call", [0, 1, 2, 3])
def test_an_exception_in_the_step_passes_and_the_next_calls_are_right(call):
    calls = []

    def step(x):
        calls.append(0)
        y = x * 2.0
        if len(calls) == call + 1:
            raise KeyError("once")
        return y

    captured = pydl.capture(step)
    for i in range(10):
        try:
            assert captured(pydl.ones(2) * float(i)).tolist() == [2.0 * i] * 2
        except KeyError:
            assert i == call
    assert pydl.randn(2).shape == (2,)


def test_an_error_of_a_replay_is_that_of_eager_and_leaves_the_state_alone():
    step, net = trainer()
    captured = pydl.capture(step)
    x, y = batch()
    for _ in range(5):
        captured(x, y)
    before = [p.detach().numpy().copy() for p in net.parameters()]
    state = pydl.get_rng_state().tolist()
    with pytest.raises(IndexError, match="expected target in 0 … 2"):
        captured(x, y + 5)
    assert all((p.detach().numpy() == b).all() for p, b in zip(net.parameters(), before, strict=True))
    assert pydl.get_rng_state().tolist() == state
    eager, _ = trainer()
    expected = [eager(x, y).item() for _ in range(6)][-1]
    assert captured(x, y).item() == expected


def test_memory_is_flat_and_goes_with_the_step():
    step, net = trainer(width=4096)
    captured = pydl.capture(step)
    x, y = batch(rows=64)
    for _ in range(10):
        captured(x, y)
    assert captured.recordings == 1
    (recorded,) = next(iter(captured._recorded.values()))
    tape, bytes_before = recorded.tape, recorded.tape.bytes
    assert bytes_before < 16 * 64 * 4096 * 4  # a few activations, not one for each operation
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(1000):
        captured(x, y)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 2048  # KiB
    assert tape.bytes == bytes_before
    gone = weakref.ref(captured)
    del recorded, tape, captured
    assert gone() is None  # without the collector
    net.zero_grad()


def test_a_dropped_step_frees_its_parameters():
    step, net = trainer()
    captured = pydl.capture(step)
    for _ in range(6):
        captured(*batch())
    gone = weakref.ref(net)
    del step, net, captured
    gc.collect()
    assert gone() is None


def test_threads_take_turns():
    step, _ = trainer()
    captured = pydl.capture(step)
    errors = []

    def work():
        try:
            for i in range(50):
                assert np.isfinite(captured(*batch(i)).item())
        except BaseException as error:
            errors.append(error)

    for _ in range(4):
        captured(*batch())
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert captured.recordings == 1


def test_other_threads_are_not_recorded():
    inside, go = threading.Event(), threading.Event()
    found = []

    def other():
        inside.wait()
        found.append((pydl.ones(3) * 2.0).sum().item())
        go.set()

    calls = []

    def step(x):
        calls.append(0)
        if len(calls) == 2:
            inside.set()
            go.wait()
        return x * 3.0

    thread = threading.Thread(target=other)
    thread.start()
    captured = pydl.capture(step)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = [captured(pydl.ones(2) * float(i)).tolist() for i in range(5)]
    thread.join()
    assert results == [[3.0 * i] * 2 for i in range(5)]
    assert found == [6.0]


def test_a_forked_child_replays(threads):
    threads(2)
    step, _ = trainer(width=2048)
    captured = pydl.capture(step)
    x, y = batch(rows=256)
    for _ in range(5):
        captured(x, y)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, captured(x, y).numpy().tobytes())
        os._exit(0)
    assert os.read(read, 4) == captured(x, y).numpy().tobytes()
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_any_number_of_threads_gives_the_same_bits(threads, count):
    losses = []
    for n in (1, count):
        step, _ = trainer(width=1024)
        captured = pydl.capture(step)
        for i in range(8):
            threads(n if i >= 4 else 1)
            loss = captured(*batch(i, rows=128))
        losses.append(loss.item())
    assert losses[0] == losses[1]


def test_a_graph_from_before_a_replay_notices_that_it_changed_parameters():
    step, net = trainer()
    captured = pydl.capture(step)
    for _ in range(5):
        captured(*batch())
    y = net(batch()[0]).sum()
    captured(*batch())
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()
