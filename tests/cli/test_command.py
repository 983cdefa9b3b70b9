"""The command: its help, its errors, `pydl info`."""

import os
import subprocess
import sys

import pytest

import pydl
from pydl import cli


def run(capsys, *argv):
    status = cli.main(argv)
    out, err = capsys.readouterr()
    return status, out, err


def refused(capsys, status, *argv):
    """The one line on stderr."""
    code, out, err = run(capsys, *argv)
    assert (code, out) == (status, "")
    assert err.count("\n") == 1
    assert err.startswith("pydl: ")
    return err[6:-1]


def test_info(capsys):
    status, out, _ = run(capsys, "info")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert status == 0
    assert lines["pydl"] == pydl.__version__
    assert lines["kernels"].split(", ")[0] == pydl.backend.isa_name()
    assert f"{pydl.get_num_threads()} thread" in lines["kernels"]
    assert lines["cuda"] == ("no: " + pydl.backend.cuda_missing() if pydl.backend.cuda_missing() else "yes")
    assert "safetensors" in lines["requires"]
    assert "tqdm" in lines["extras"]


def test_help_and_version(capsys):
    assert "pydl train" in run(capsys, "--help")[1]
    assert run(capsys, "--version")[:2] == (0, f"pydl {pydl.__version__}\n")


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        ([], "expected a command (info, train, sample, bench), got none; try pydl --help"),
        (["trian"], "expected a command such as train, got 'trian'"),
        (["?"], "expected a command such as info, train, sample, bench, got '?'"),
        (["info", "--hepl"], "info: expected an option such as --help, got --hepl"),
        (["info", "more"], "info: expected no further argument, got 'more'"),
    ],
)
def test_wrong_arguments(capsys, argv, text):
    assert refused(capsys, 2, *argv) == text


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "MemoryError"),
        (pydl.train.CheckpointError("a\nb", "x", "y"), 1, "a b: expected x, got y"),
        (PermissionError(13, "Permission denied", "runs"), 1, "runs: Permission denied"),
    ],
)
def test_known_errors_are_one_line(capsys, monkeypatch, error, status, text):
    def fail(argv):
        raise error

    monkeypatch.setattr("pydl.cli.info.run", fail)
    assert refused(capsys, status, "info") == text


def test_the_module_is_the_command():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-m", "pydl", "nonsense"], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_is_no_traceback():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "pydl", "info"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
