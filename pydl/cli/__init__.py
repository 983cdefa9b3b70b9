"""The command `pydl`.

Exit status: 0 done; 1 a file, the data or the training failed; 2 wrong arguments; 130 Ctrl-C (128 + the signal).
Errors are one line on stderr.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import pydl

from ..data import DataError
from ..train.errors import CheckpointError, DivergenceError, Interrupted, MissingExtraError, StateError
from .arguments import UsageError, nearest

COMMANDS = {
    "info": "version, instruction set, threads, GPU, extras",
    "train": "train a model by name",
    "sample": "draw samples from a checkpoint",
    "bench": "time the kernels",
}
_FAULTS = (DataError, CheckpointError, StateError, DivergenceError, MissingExtraError, OSError, MemoryError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (without the program's name); the exit status."""
    try:
        status = _dispatch(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return status
    except UsageError as error:
        return _fail(error, 2)
    except BrokenPipeError:  # the reader of our output has gone; nothing is left to be flushed to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Interrupted as error:
        return 128 + error.signum
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except _FAULTS as error:
        return _fail(error, 1)


def _dispatch(argv: list[str]) -> int:
    if not argv:
        raise UsageError(f"expected a command ({', '.join(COMMANDS)}), got none; try  pydl --help")
    command, rest = argv[0], argv[1:]
    if command in ("-h", "--help"):
        print(_help())
        return 0
    if command == "--version":
        print(f"pydl {pydl.__version__}")
        return 0
    if command not in COMMANDS:
        raise UsageError(f"expected a command such as {nearest(command, COMMANDS)}, got {command!r}")
    return importlib.import_module(f".{command}", __name__).run(rest)


def _help() -> str:
    lines = [f"  pydl {name:<10}{what}" for name, what in COMMANDS.items()]
    return "\n".join(["usage: pydl COMMAND …  (pydl COMMAND --help)", "", *lines])


def _fail(error: BaseException | str, status: int) -> int:
    text = str(error)
    if isinstance(error, OSError) and error.filename and error.strerror:
        text = f"{os.fsdecode(error.filename)}: {error.strerror}"
    text = " ".join(text.split()) or type(error).__name__
    print(f"pydl: {text}", file=sys.stderr)
    return status
