"""Run folders."""

import json
import os
from pathlib import Path

import pytest

import pydl
from pydl.train import CheckpointError
from pydl.train.run import Run

CONFIG = {"model": "mlp", "data": "iris", "log_every": 1, "sample_every": 5, "save_every": None}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_folders_are_numbered():
    assert [str(Run.create(CONFIG).folder) for _ in range(3)] == [f"runs/mlp-iris-{n}" for n in (1, 2, 3)]
    assert json.loads(Path("runs/mlp-iris-2/config.json").read_text()) == CONFIG


def test_a_named_folder_must_be_empty():
    os.mkdir("empty")
    Run.create(CONFIG, "empty")
    Run.create(CONFIG, "deep/new")
    with pytest.raises(FileExistsError, match="expected empty as a new or empty folder"):
        Run.create(CONFIG, "empty")


def test_reopening_by_folder_or_checkpoint():
    run = Run.create(CONFIG, "a")
    assert Run.reopen("a")[1:] == (CONFIG, None)
    pydl.save({"config": {"b": 1}, "task": 2}, run.checkpoint)
    for path in ("a", run.checkpoint):
        again, config, state = Run.reopen(path)
        assert (again.folder, config, state) == (run.folder, {"b": 1}, {"task": 2})


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000])
def test_a_broken_config_is_named(content):
    Run.create(CONFIG, "a").config_file.write_text(content)
    with pytest.raises(CheckpointError, match=r"a/config\.json: expected"):
        Run.reopen("a")


def test_checkpoints_of_something_else_are_refused():
    for value in ({"a": 1}, [1], {"config": 3}):
        pydl.save(value, "checkpoint")
        with pytest.raises(CheckpointError, match="checkpoint: expected the state of a training"):
            Run.reopen("checkpoint")


def test_one_process_at_a_time():
    run = Run.create(CONFIG, "a")
    with run.locked(), pytest.raises(OSError, match="another process trains"), run.locked():
        pass
    with run.locked():
        pass


def test_what_is_described_is_there():
    run = Run.create(CONFIG, "a")
    assert [line.split()[0] for line in run.describe()] == ["config.json"]
