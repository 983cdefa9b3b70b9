"""The scripts over run folders: trained once, gone on with, read; their tables and the page of what was drawn."""

import sys
from pathlib import Path

import numpy as np
import pytest

from pydl.train import read_log

SMALL = ["--epochs", "2", "--batch-size", "5000", "--hidden", "8"]


@pytest.fixture(scope="module", autouse=True)
def scripts():
    """The folder of the scripts among those that modules are looked for in."""
    folder = str(Path(__file__).resolve().parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def folder(scripts, tmp_path_factory):
    """A run that has ended."""
    import runs

    made = tmp_path_factory.mktemp("runs") / "gan-ring-0"
    assert runs.finished(made) is None
    assert runs.train(made, "gan", "ring", 0, SMALL) == 0
    return made


def test_a_run_that_has_ended_is_read_and_not_trained_again(folder):
    import runs

    run = runs.finished(folder)
    lines = len(read_log(folder / "metrics.jsonl"))
    assert run.figures["modes"] >= 0
    assert run.command() == "pydl train gan --data ring --epochs 2 --batch-size 5000 --hidden 8"
    assert run.checks == read_log(folder / "metrics.jsonl")[-1]["step"] // 20
    assert runs.train(folder, "gan", "ring", 0) == 0
    assert len(read_log(folder / "metrics.jsonl")) == lines


@pytest.mark.parametrize(
    ("data", "figures", "found", "checks", "words"),
    [
        ("grid", {"modes": 20.0}, {}, 100, "well"),
        ("grid", {"modes": 19.0}, {}, 100, "19 of 25 modes"),
        ("ring", {"modes": 6.0}, {"collapse": 1200}, 100, "mode collapse from step 1,200, 6 of 8 modes"),
        ("ring", {"modes": 8.0}, {"vanishing": 40}, 100, "vanishing gradient from step 40"),
        ("digits", {"classes": 8.0, "sure": 0.1}, {}, 100, "well"),
        ("digits", {"classes": 7.0, "sure": 0.1}, {}, 100, "7 of 10 classes"),
        ("moons", {}, {}, 14, "too early to tell"),
        ("moons", {}, {}, 15, "well"),
        ("grid", {"modes": 3.0}, {}, 14, "3 of 25 modes"),
    ],
)
def test_the_verdict_is_the_doctors(scripts, data, figures, found, checks, words):
    """With its rules and words: those of the progress line at the end of the training."""
    import runs

    config = {"model": "gan", "data": data, "classes": {"grid": 25, "ring": 8, "digits": 10, "moons": 2}[data]}
    assert runs.Finished(Path("x"), config, figures, found, checks).verdict() == words


def test_the_verdict_of_a_run_reads_its_figures_and_what_its_doctor_keeps(folder):
    """All of it from the folder of a training: its last epoch reached no more than a few modes."""
    import runs

    run = runs.finished(folder)
    lines = read_log(folder / "metrics.jsonl")
    assert run.figures["modes"] == lines[-1]["modes"] < 6.4
    assert run.verdict() == f"{lines[-1]['modes']:.0f} of 8 modes"


def test_what_the_doctor_of_translators_found_is_read(scripts, tmp_path):
    import runs

    from pydl.train import save

    (tmp_path / "config.json").write_text('{"model": "cyclegan", "data": "digits", "epochs": 1, "classes": 10}')
    (tmp_path / "metrics.jsonl").write_text('{"event": "epoch", "epoch": 1}\n')
    doctor = {"found": {"collapse": 30}, "series": {"variety": np.ones(16)}}
    save({"callbacks": {"TranslationDoctor-0": doctor}}, tmp_path / "checkpoint.safetensors")
    run = runs.finished(tmp_path)
    assert (run.verdict(), run.checks) == ("mode collapse from step 30", 16)


def test_a_run_that_was_stopped_is_gone_on_with(scripts, tmp_path, monkeypatch):
    import runs

    asked = []
    monkeypatch.setattr("pydl.cli.main", lambda argv: asked.append(argv) or 0)
    (tmp_path / "config.json").write_text("{}")
    runs.train(tmp_path, "gan", "ring", 0)
    assert asked == [["train", "--resume", str(tmp_path)]]


def test_the_table_of_mixtures(folder):
    import mixtures

    lines = mixtures.table(folder.parent, ["gan", "pacgan"], ["ring"], [0, 1]).splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("| ring | gan | 1 | ")
    assert mixtures.spread([1.0, 2.0, 3.0], 2) == "2.00 ± 0.58"


def test_the_table_of_images():
    import runs
    import zoo

    figures = {"sure": 0.5, "classes": 9.0, "precision": 0.25, "recall": 1.0, "time": 12.4, "asked": 0.75}
    config = {"model": "cgan", "classes": 10}
    run = runs.Finished(Path("x"), config, {**figures, "asked/0": 1.0, "asked/1": 0.5}, {}, 100)
    assert zoo.row(run) == "| `cgan` | 50.0% | 9 | 0.25 | 1.00 | 75.0% (50.0%) | well | 12 s |"
    other = runs.Finished(Path("x"), {"model": "cyclegan", "classes": 10}, {"time": 3.0}, {}, 100)
    assert zoo.row(other) == "| `cyclegan` | – | – | – | – | – | well | 3 s |"


def test_the_page(folder, tmp_path, monkeypatch):
    import gallery
    import runs

    run = runs.finished(folder)
    page = tmp_path / "page.md"
    argv = ["gallery", str(folder), str(tmp_path / "nothing"), "--page", str(page)]
    monkeypatch.setattr(sys, "argv", argv)
    assert gallery.main() == 0
    text = page.read_text()
    assert "## gan, ring" in text
    assert "    pydl train gan --data ring --epochs 2" in text
    assert f"The doctor: {run.verdict()}." in text
    names = sorted(path.name for path in (tmp_path / "page").iterdir())
    assert names == ["gan-ring-0-curves.png", "gan-ring-0.png"]
    assert all(path.stat().st_size < 30_000 for path in (tmp_path / "page").iterdir())
