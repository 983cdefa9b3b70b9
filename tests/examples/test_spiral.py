"""The xy game drawn, and the numbers beside it."""

import numpy as np
import pytest


def test_one_path_leaves_and_the_other_stays(example):
    once, turns = example.paths(0.2, 80).values()
    assert np.hypot(*once[-1]) == pytest.approx(1.04**40, rel=1e-12)
    assert np.hypot(*turns.T).max() <= (1 - 0.1) ** -0.5 * (1 + 1e-12)  # half the long axis of the ellipse


def test_the_command(example, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "picture.png"
    example.main(["--rate", "0.5", "--steps", "8", "--out", str(picture)])
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines[1:6]] == ["0", "2", "4", "6", "8"]
    assert all(line[1] == line[2] for line in lines[1:6])
    assert float(lines[5][1]) == round(1.25**4, 4)
