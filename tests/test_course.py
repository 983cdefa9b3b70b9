"""docs/course.md is true: its files are there, its expressions work, its commands are understood."""

import re
import shlex
from pathlib import Path

import pytest

from pydl import data, models

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs/course.md").read_text(encoding="utf-8")
LAST_CELLS = [line.rpartition(" | ")[2].removesuffix(" |") for line in TEXT.splitlines() if line.startswith("| ")]
CODE = [part for cell in LAST_CELLS if cell.startswith("`") for part in cell.strip("`").split("`, `")]
COMMANDS = [code for code in CODE if code.startswith(("pydl ", "python "))]


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 150
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


@pytest.fixture(scope="module")
def names():
    """What the page imports."""
    found: dict = {}
    exec(re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1], found)
    return found


@pytest.mark.parametrize("code", sorted(set(CODE) - set(COMMANDS)))
def test_every_expression_works(code, names):
    value = eval(code, names)
    assert value is not None
    assert value is not False


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command):
    program, *words = shlex.split(command)
    if program == "python":
        assert (ROOT / words[0]).is_file()
        return
    what, model, *words = words
    assert what == "train"
    defaults = models.get(model).defaults
    given = {
        name.removeprefix("--").replace("-", "_"): value for name, value in zip(words[::2], words[1::2], strict=True)
    }
    kinds = {name: int if isinstance(value, list) else type(value) for name, value in defaults.items()}
    config = models.get(model).config(**{name: kinds[name](value) for name, value in given.items()})
    assert config["data"] in data.names()
