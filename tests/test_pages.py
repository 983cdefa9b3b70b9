"""The pages of the project: their links lead somewhere, and what their code prints is what they say."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path for folder in (".", "benchmarks", "docs", "docs/figures", "examples") for path in (ROOT / folder).glob("*.md")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    links = [link for link in links if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["convnets", "games"])
def test_code_prints_what_stands_beside_it(name, capsys):
    """What is printed stands in a comment, after the line or on lines of its own."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / f"docs/{name}.md").read_text(encoding="utf-8"), re.DOTALL)
    code = "\n".join(blocks)
    exec(code, {})
    wanted = re.findall(r"^(?:print\(.*\)  )?# (.*)$", code, re.MULTILINE)
    assert len(wanted) > 6
    assert capsys.readouterr().out.splitlines() == wanted
