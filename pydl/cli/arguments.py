"""Command lines whose errors are one line that names the nearest valid choice."""

from __future__ import annotations

import argparse
import difflib
import itertools
import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from ..train.errors import CheckpointError

MAX_SEED = 2**64 - 1
FAULTS = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError, MemoryError)


class UsageError(Exception):
    """Wrong arguments."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The names nearest to `name`; all where none is near."""
    known = list(known)
    return ", ".join(difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5) or known)


_OTHER_NAMES = {"--learning-rate": "--lr", "--batch": "--batch-size", "--output": "--out", "--dataset": "--data"}


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError and takes options by their whole names alone."""

    def __init__(self, command: str, description: str, add_help: bool = True) -> None:
        super().__init__(prog=f"pydl {command}", description=description, allow_abbrev=False, add_help=add_help)
        self.words: dict[str, Collection[str]] = {}  # which values of options are known when they stand alone

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog.removeprefix('pydl ')}: {message}")

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        known, unknown = self.parse_known_args(argv)
        if not unknown:
            return known
        text = unknown[0].partition("=")[0]
        if text.startswith("-"):
            wanted = _OTHER_NAMES.get(text, text)
            near = difflib.get_close_matches(wanted, self._option_string_actions, n=1, cutoff=0.7)
            if near:
                self.error(f"expected an option such as {near[0]}, got {text}")
            self.error(f"expected one of the options that {self.prog} --help lists, got {text}")
        self.error(f"expected no further argument, got {text!r}{self._meant(argv, text)}")

    def _meant(self, argv: Sequence[str], word: str) -> str:
        """What `word`, an argument too much, was probably meant as; empty if that is not known."""
        option = next((option for option, values in self.words.items() if word in values), "")
        if option:
            return f": write {option} {word}"
        here = list(argv).index(word)
        begin = max((i for i in range(here) if argv[i].startswith("--")), default=here)
        name, _, value = argv[begin].partition("=")
        action = self._option_string_actions.get(name)
        if action is None or action.type not in (integers, numbers) or not word[0].isdecimal():
            return ""
        rest = itertools.takewhile(lambda text: text[:1].isdecimal(), argv[begin + 1 :])
        return f": lists have commas, {name} {','.join([*filter(None, [value]), *rest])}"


@contextmanager
def usage(command: str) -> Iterator[None]:
    """What a value is refused with inside is a wrong argument."""
    try:
        yield
    except (ValueError, TypeError, FileExistsError) as error:
        raise UsageError(f"{command}: {error}") from error


@contextmanager
def of_file(path: str | os.PathLike[str]) -> Iterator[None]:
    """What a value is refused with inside is a fault of the file `path`, in which it stands."""
    try:
        yield
    except CheckpointError:
        raise
    except FAULTS as error:
        text = " ".join(filter(None, (f"{type(error).__name__}:", str(error))))
        raise CheckpointError(path, "the configuration of a model", text) from None


def integer(least: int, most: int = 2**63 - 1) -> Callable[[str], int]:
    """A type of argument: an integer in least … most."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            limit = "" if most == 2**63 - 1 and value < least else f" and <= {most}"
            raise argparse.ArgumentTypeError(f"expected an integer >= {least}{limit}, got {text!r}")
        return value

    return parse


def number(text: str) -> float:
    """A type of argument: a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a finite number, got {text!r}")
    return value


def integers(text: str) -> list[int]:
    """A type of argument: integers >= 1 with commas between."""
    return [integer(1)(part) for part in text.split(",")]


def numbers(text: str) -> list[float]:
    """A type of argument: finite numbers with commas between."""
    return [number(part) for part in text.split(",")]


def type_like(value: Any) -> Callable[[str], Any]:
    """The type of argument for an option whose default is `value`."""
    if isinstance(value, (list, tuple)):
        return integers
    return {int: integer(0), float: number}.get(type(value), str)
