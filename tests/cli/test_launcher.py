"""What the command does before the library is there."""

import os
import signal
import subprocess
import sys

import pytest

LAUNCH = [sys.executable, "-c", "import sys, pydl_command; sys.exit(pydl_command.main())"]
INTERRUPTED = """
import os, signal, sys, pydl_command
class Finder:
    def find_spec(name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder)
sys.argv[1:] = ["info"]
sys.exit(pydl_command.main())
"""


def launch(command, **settings):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **settings}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("PYDL_NUM_THREADS", "abc"), ("PYDL_NUM_THREADS", "0"), ("PYDL_ISA", "foo")]
)
def test_a_wrong_setting_is_one_line(name, value):
    status, out, err = launch([*LAUNCH, "info"], **{name: value})
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"pydl: [{name}] expected ")
    assert err.endswith(f"got {value}\n") or err.endswith(f"got {value!r}\n")


@pytest.mark.parametrize("name", ["pydl", "numpy", "pydl._cpu", "pydl.cli.info"])
def test_ctrl_c_while_the_library_is_imported(name):
    assert launch([sys.executable, "-c", INTERRUPTED.format(name=name)]) == (130, "", "pydl: interrupted\n")


def test_the_command_runs_and_leaves_signals_alone():
    check = "import signal, pydl_command; pydl_command.main(); print(signal.getsignal(signal.SIGINT).__name__)"
    status, out, err = launch([sys.executable, "-c", check, "--version"])
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == signal.default_int_handler.__name__


def test_the_command_that_is_installed_is_this_one():
    tomllib = pytest.importorskip("tomllib")
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(os.path.join(root, "pyproject.toml"), "rb") as file:
        project = tomllib.load(file)
    assert project["project"]["scripts"] == {"pydl": "pydl_command:main"}
    assert "pydl_command" in project["tool"]["scikit-build"]["wheel"]["packages"]
