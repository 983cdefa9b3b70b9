"""The example of the optimal discriminator, run as a reader runs it but shorter."""

import math
import re


def test_the_example_reaches_the_equilibrium_and_draws_it(example, tmp_path, capsys):
    picture = tmp_path / "picture.png"
    example.main(["--steps", "800", "--out", str(picture)])
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    lines = capsys.readouterr().out.splitlines()
    values = [[float(number) for number in re.findall(r"(?:= |<= )(-?[\d.]+)", line)] for line in lines[:4]]
    (untrained, best, _), (trained, same, off), _, (end, most, _) = values
    assert best == same
    assert untrained < trained <= best  # D* is the maximum
    assert trained > best - 0.01
    assert off < 0.05
    assert abs(end + math.log(4)) < 0.02
    assert -math.log(4) <= most + 1e-4 < -math.log(4) + 0.02
