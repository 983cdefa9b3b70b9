"""Backpropagation by hand equals autograd's to rounding."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np


def test_by_hand_and_by_autograd(example):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=5), rng.normal(size=3)
    parameters = {name: rng.normal(size=s) for name, s in [("w1", (7, 5)), ("b1", 7), ("w2", (3, 7)), ("b2", 3)]}
    hand = example.by_hand(x, y, **parameters)
    found, picture = example.by_autograd(x, y, parameters)
    for name, value in hand.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-13, atol=1e-14)
    ET.fromstring(picture)


def test_the_neuron_and_its_picture(example):
    gradients, picture = example.neuron()
    assert gradients == {"∂a/∂b": 1, "∂a/∂w": 3}
    kept = Path(__file__).resolve().parents[2] / "docs/figures/neuron.svg"
    assert kept.read_text(encoding="utf-8") == picture


def test_the_command(example, tmp_path, capsys):
    example.main(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"neuron.svg", "mlp.svg"}
    assert "w1: largest difference" in capsys.readouterr().out
