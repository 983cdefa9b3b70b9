"""One layer and two on XOR, drawn."""

import pytest


def test_one_layer_fails_and_two_do_not(example):
    scores = {name: model.score(example.X, example.Y) for name, model in example.models().items()}
    assert scores.pop("mlp") == 1
    assert max(scores.values()) <= 0.75


def test_the_path_goes_down(example):
    x, t, path = example.descent("batch")
    losses = [0.5 * ((t - (w * x + b)) ** 2).sum() for w, b in path]
    assert len(path) == 16
    assert losses == sorted(losses, reverse=True)


def test_the_pictures(example, tmp_path, capsys):
    pytest.importorskip("matplotlib").use("Agg")
    example.main(tmp_path)
    assert "[0, 1, 1, 0]" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["descent.png", "xor.png"]
