"""`pydl bench`: its table, its checks and its arguments."""

import json

import numpy as np
import pytest

from pydl.benchmark import main, report, select
from pydl.benchmark.case import Case, Work, agree_closely, agree_in_distribution
from pydl.benchmark.cases import FAMILIES, all_cases
from pydl.benchmark.timing import compare


def test_filter_prints_a_table(capsys):
    assert main(["--filter", "relu_grad", "--seconds", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(i for i, line in enumerate(lines) if "ratio" in line and "kernel" in line)
    rows = [line.split() for line in lines[head + 1 : -2]]
    assert {"relu_grad", "leaky_relu_grad"} == {row[7] for row in rows}
    assert all(float(row[0]) > 0 for row in rows)
    assert lines[-1].startswith("geometric means: binary ")


def test_json_and_markdown(tmp_path, capsys):
    path = tmp_path / "times.json"
    assert (
        main(["--filter", "softmax_grad", "--seconds", "0", "--threads", "1", "--markdown", "--json", str(path)]) == 0
    )
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["machine"]["threads"] == 1
    assert {row["name"] for row in document["rows"]} == {"softmax_grad", "log_softmax_grad"}
    row = document["rows"][0]
    assert row["ratio"] == pytest.approx(row["numpy_seconds"] / row["seconds"])
    assert f"| {row['ratio']:.2f} |" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["--filter", "no such kernel"], ["--threads", "0"], ["--seconds", "-1"], ["--seconds", "nan"], ["--what"],
     ["--json", "/no/such/folder/x.json"]],
)  # fmt: skip
def test_wrong_arguments_are_one_line_and_status_2(arguments, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("pydl bench: ")
    assert captured.err.count("\n") == 1


def small(case: Case) -> bool:
    """The cases whose operands are quick to make and to work on."""
    names = ("4 Ki", "mlp.", "mlp,", "xor", "64³", "lenet", "columns", "gan2d", "conv5 (16, 512", "resnet18.layer4")
    return any(name in case.shape for name in names)


@pytest.mark.parametrize("case", [case for case in all_cases() if small(case)], ids=lambda case: case.title)
def test_kernel_and_baseline_agree(case):
    assert case.build(np.random.default_rng(1)).difference() == ""


def test_every_family_is_in_the_short_form():
    short = {case.family for case in all_cases() if case.short}
    assert short == {case.family for family in FAMILIES for case in family.cases()}
    assert len({case.title for case in all_cases()}) == len(all_cases())


def test_disagreement_is_status_1(monkeypatch, capsys):
    wrong = Case("unary", "relu", "here", True, lambda rng: Work(lambda: np.ones(3), lambda: np.zeros(3), 24))
    monkeypatch.setattr("pydl.benchmark.all_cases", lambda: [wrong])
    assert main([]) == 1
    assert "expected unary relu here to agree with NumPy, got error 1" in capsys.readouterr().err


def test_agreement_sees_values_shapes_and_counts():
    close = agree_closely(1e-3)
    assert close(np.array([1.0, 2.0005]), np.array([1.0, 2.0])) == ""
    assert "error" in close(np.array([1.0, 2.1]), np.array([1.0, 2.0]))
    assert "error" in close(np.array([1.0, np.nan]), np.array([1.0, 2.0]))
    assert "shapes" in close(np.zeros(3), np.zeros(4))
    assert "results" in close((1.0,), (1.0, 2.0))


def test_agreement_in_distribution_sees_mean_and_deviation():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(10_000)
    assert agree_in_distribution(rng.standard_normal(10_000), x) == ""
    assert "mean" in agree_in_distribution(rng.standard_normal(10_000) + 0.2, x)
    assert "deviation" in agree_in_distribution(rng.standard_normal(10_000) * 1.2, x)


def test_compare_takes_turns_and_reports_the_minimum():
    calls = []
    timing = compare(lambda: calls.append("a") or sum(range(2000)), lambda: calls.append("b") or sum(range(40_000)), 0)
    assert timing.pairs == 5
    assert timing.theirs > timing.ours > 0
    assert timing.ratio == timing.theirs / timing.ours
    order = [name for i, name in enumerate(calls) if i == 0 or calls[i - 1] != name]
    assert order == ["a", "b"] * 6


def test_select_takes_short_rows_by_default():
    assert {case.shape for case in select(False, "unary")} == {"1 Mi"}
    assert len(select(True, "unary")) > len(select(False, "unary"))


def test_means_are_geometric():
    rows = [report.Row("f", "n", "s", ratio, ratio, 1, 1, 1, 0, 5) for ratio in (2.0, 8.0)]
    assert report.means(rows) == pytest.approx({"f": 4.0})
