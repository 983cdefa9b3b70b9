"""What each remedy against overfitting does, on seeds that were not chosen."""

import pytest

SEEDS = [0, 1, 2]


@pytest.mark.parametrize("seed", SEEDS)
def test_penalties(example, seed):
    found = example.penalties(seed)
    none, l1, net, l2 = (found[name] for name in ("none", "L1", "elastic net", "L2"))
    assert none["zeros"] == l2["zeros"] == 0
    assert l1["zeros"] > net["zeros"] >= 5
    for penalised in (l1, net, l2):
        assert penalised["length"] < 0.9 * none["length"]
        assert penalised["seen"] > none["seen"]
        assert penalised["unseen"] < 0.7 * none["unseen"]
    assert l1["unseen"] < net["unseen"] < l2["unseen"]


def test_a_stronger_penalty_shrinks_more(example):
    lengths = [example.penalties(0, strength) for strength in (0.05, 0.3, 1.0)]
    for name in ("L1", "L2", "elastic net"):
        assert lengths[0][name]["length"] > lengths[1][name]["length"] > lengths[2][name]["length"]
    assert lengths[0]["L1"]["zeros"] < lengths[1]["L1"]["zeros"] < lengths[2]["L1"]["zeros"]


@pytest.mark.parametrize("seed", SEEDS)
def test_dropout_closes_the_gap(example, seed):
    without, dropped = example.dropout(seed).values()
    assert dropped["gap"] < 0.75 * without["gap"]
    assert dropped["unseen"] < without["unseen"]
    assert dropped["seen"] > without["seen"]


@pytest.mark.parametrize("seed", [*SEEDS, 4])
def test_early_stopping(example, seed):
    whole, stopped = example.early_stopping(seed).values()
    assert stopped["kept"] < stopped["epochs"] < whole["epochs"]
    assert whole["seen"] < 0.1 < stopped["seen"]
    assert stopped["unseen"] < 0.9 * whole["unseen"]
    assert stopped["accuracy"] > whole["accuracy"] + 0.01


def test_the_command(example, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["overfitting.py", "--seed", "1"])
    monkeypatch.setattr(example, "dropout", lambda seed: {"x": {"gap": 0.5}})
    monkeypatch.setattr(example, "early_stopping", lambda seed: {"x": {"epochs": 3}})
    example.main()
    assert "elastic net" in capsys.readouterr().out
