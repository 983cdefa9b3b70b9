"""Saving under faults: errors at every file call, kill -9, and two processes at one path."""

import errno
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import pydl
from pydl.train import CheckpointError, atomic

CALLS = ("open", "write", "fsync", "replace", "close")


def test_the_order_of_calls(tmp_path, monkeypatch):
    trace = []
    for name in ("write", "fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, real=real: (trace.append(name), real(*args))[1])
    pydl.save(np.ones(4), tmp_path / "a")
    assert trace == ["write", "write", "write", "fsync", "replace", "fsync"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("name", CALLS)
def test_an_error_at_every_file_call(tmp_path, monkeypatch, name, code):
    path = tmp_path / "state"
    pydl.save("old", path)
    real = getattr(os, name)
    count, fail_at = 0, 0

    def failing(*args, **kwargs):
        nonlocal count
        count += 1
        if count == fail_at:
            if name == "close":
                real(*args)
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, failing)
    for fail_at in range(1, 20):
        count = 0
        fault = save_fault(path)
        if count < fail_at:
            break
        assert str(path) in fault
        assert os.strerror(code) in fault
        assert os.listdir(tmp_path) == ["state"]
        count = 100
        assert pydl.load(path) in ("old", "new")
    assert fail_at > 1


def save_fault(path):
    try:
        pydl.save("new", path)
    except CheckpointError as error:
        return str(error)
    return ""


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:7]))
    pydl.save(np.arange(50), tmp_path / "a")
    assert pydl.load(tmp_path / "a").tolist() == list(range(50))


def test_targets_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, match in [("", "directory"), ("fifo", "FIFO"), ("loop", "symbolic links"), ("no/a", "No such file")]:
        with pytest.raises(CheckpointError, match=match):
            pydl.save(1, tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["fifo", "loop"]


def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    pydl.save(1, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert pydl.load(tmp_path / "target") == 1


def test_an_interrupt_leaves_no_litter(tmp_path, monkeypatch):
    pydl.save("old", tmp_path / "a")

    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pydl.save("new", tmp_path / "a")
    assert os.listdir(tmp_path) == ["a"]
    assert pydl.load(tmp_path / "a") == "old"


def test_temporary_files_in_use_are_kept_and_stale_ones_removed(tmp_path):
    (tmp_path / f"{atomic.PREFIX}dead{atomic.SUFFIX}").write_bytes(b"half")
    descriptor, held = atomic._create(str(tmp_path))
    pydl.save(1, tmp_path / "a")
    assert sorted(os.listdir(tmp_path)) == sorted(["a", os.path.basename(held)])
    os.close(descriptor)


SAVER = """
import sys, numpy as np, pydl
path, start = sys.argv[1], int(sys.argv[2])
for i in range(start, 10**9, 2):
    pydl.save({"number": i, "array": np.full(20_000, i)}, path)
    print(i, flush=True)
"""


def saver(path, start=0):
    command = [sys.executable, "-c", SAVER, str(path), str(start)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    assert process.stdout.readline()
    return process


def whole(path):
    state = pydl.load(path)
    assert (state["array"] == state["number"]).all()
    return state["number"]


def test_kill_at_any_moment_of_a_save(tmp_path):
    path = tmp_path / "state"
    for i in range(6):
        process = saver(path)
        time.sleep(0.013 * (i + 1) % 0.05)
        process.send_signal(signal.SIGKILL)
        printed = process.communicate()[0].split()
        assert whole(path) >= int(printed[-1] if printed else 0)
    pydl.save("next", path)
    assert os.listdir(tmp_path) == ["state"]


def test_two_processes_save_to_one_path(tmp_path):
    path = tmp_path / "state"
    processes = [saver(path, start) for start in (0, 1)]
    parities = {whole(path) % 2 for _ in range(200)}
    for process in processes:
        process.kill()
        process.communicate()
    assert parities <= {0, 1}
    assert whole(path) >= 0


def test_no_litter_where_the_new_file_cannot_be_examined(tmp_path, monkeypatch):
    def failing(descriptor):
        raise OSError(errno.EIO, "no")

    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(os, "fstat", failing)
    with pytest.raises(CheckpointError, match="got no"):
        pydl.save([1], tmp_path / "a")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == []
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize(
    ("name", "reason"), [("", "a directory"), ("nodir/x.png", "No such file"), ("/dev/full", "a char")]
)
def test_an_error_names_the_path_that_was_asked_for(tmp_path, name, reason):
    path = tmp_path / name
    with pytest.raises(OSError, match=f"{reason}.*: '{path}'$"):
        atomic.write_file(path, [b"x"])
