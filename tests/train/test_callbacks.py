"""Callbacks one by one."""

import io
import json
import math
import sys

import numpy as np
import pytest

import pydl
from pydl import train
from pydl.train.callbacks import pictures, progress
from pydl.train.png import encode_png


class Scripted:
    """A task whose epochs report what they are told."""

    def __init__(self, values):
        self.values = iter(values)

    def step(self, batch):
        return {"loss": float(batch), "other": float("inf")}

    def evaluate(self):
        return {"score": next(self.values)}

    def state_dict(self):
        return {}

    def sample_grid(self):
        return None


def epochs(values, *callbacks):
    return train.fit(Scripted(values), [1.0, 2.0], len(values), callbacks=callbacks)


@pytest.mark.parametrize(
    ("mode", "values", "ran"),
    [
        ("min", [5, 4, 4, 4, 1], 4),
        ("min", [5, 4, 4, 3, 3, 3], 6),
        ("max", [1, 2, 2.05, 2.05, 9], 4),
        ("max", [1, 2, 3, 4, 5], 5),
        ("min", [float("nan"), float("nan"), 1], 2),
    ],
)
def test_early_stopping(mode, values, ran):
    history = epochs(values, train.EarlyStopping("score", patience=2, min_delta=0.1, mode=mode))
    assert len(history.epochs) == ran
    assert ("score has not improved in 2 epochs" in history.stopped) == (ran < len(values) or ran == 6)


def test_best_checkpoint_keeps_the_best_epoch(tmp_path):
    epochs([3, 1, 2], train.BestCheckpoint(tmp_path / "best", "score"))
    assert pydl.load(tmp_path / "best")["progress"]["epoch"] == 2


def test_an_unknown_monitor_names_the_known():
    with pytest.raises(ValueError, match="expected monitor among loss, other, score, got 'los'"):
        epochs([1], train.EarlyStopping("los"))


def test_the_learning_rate_follows_its_schedule():
    class Schedule:
        def __init__(self):
            self.steps = []

        def step(self, *figure):
            self.steps.append(figure)

    by_epoch, by_step, plateau = Schedule(), Schedule(), Schedule()
    epochs(
        [3, 4],
        train.LearningRate(by_epoch),
        train.LearningRate(by_step, per="step"),
        train.LearningRate(plateau, monitor="score"),
    )
    assert (by_epoch.steps, by_step.steps, plateau.steps) == ([()] * 2, [()] * 4, [(3,), (4,)])


def test_the_log(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("left by another training\n7")
    epochs([3, 4], train.JsonlLog(path, every=2))
    first, second, *rest = path.read_text().splitlines()
    lines = [json.loads(line) for line in rest]
    assert (first, second) == ("left by another training", "7")
    assert [(line["event"], line["epoch"], line["step"], line["loss"]) for line in lines] == [
        ("step", 1, 2, 2.0),
        ("epoch", 1, 2, 1.5),
        ("step", 2, 4, 2.0),
        ("epoch", 2, 4, 1.5),
    ]
    assert lines[0]["other"] is None
    assert lines[3]["score"] == 4
    assert lines == train.read_log(path)


def test_progress_without_a_terminal_prints_lines():
    stream = io.StringIO()
    epochs([3, 4, 5], train.Progress(stream, seconds=1000))
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("epoch 3/3  step 6  ")
    assert "steps/s  0:00 left  loss 1.5" in line
    assert line.endswith("score 5")


def test_the_rate_is_that_of_the_steps_alone(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])

    class Slow(Scripted):
        def step(self, batch):
            clock[0] += 0.5
            return super().step(batch)

        def evaluate(self):
            clock[0] += 100.0
            return super().evaluate()

    stream = io.StringIO()
    train.fit(Slow([3, 4]), [0, 1], 2, callbacks=[train.Progress(stream)])
    assert [line.split("  ")[2:4] for line in stream.getvalue().splitlines()] == [
        ["2 steps/s", "0:01 left"],
        ["2 steps/s", "0:00 left"],
    ]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_on_a_terminal_is_a_bar():
    stream = Terminal()
    epochs([3, 4], train.Progress(stream))
    text = stream.getvalue()
    assert "4/4" in text
    assert "epoch 2/2" in text
    assert "loss 2" in text


def test_clock():
    assert [progress.clock(s) for s in (0.4, 61, 3599.6, 7325)] == ["0:00", "1:01", "1:00:00", "2:02:05"]


def test_a_missing_extra_names_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match=r'bar needs tqdm; type:  pip install "pydl\[train\]"'):
        train.Progress(Terminal())
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'curves needs matplotlib; type:  pip install "pydl\[train\]"'):
        train.LossCurves("log", "png")


def test_curves_are_drawn_from_the_log(tmp_path):
    log, path = tmp_path / "metrics.jsonl", tmp_path / "curves.png"
    epochs([3, 4], train.JsonlLog(log), train.LossCurves(log, path))
    assert path.read_bytes().startswith(b"\x89PNG")
    pictures.draw_curves([], path)


def test_a_figure_taken_once_does_not_set_the_scale_of_the_others(tmp_path):
    lines = [{"event": "epoch", "epoch": i, "step": i, "loss": 1.0 / i, "sure": 0.1 * i} for i in (1, 2, 3)]
    pictures.draw_curves(lines, tmp_path / "without.png")
    lines[-1]["distance"] = 1000.0
    pictures.draw_curves(lines, tmp_path / "with.png")
    assert (tmp_path / "with.png").read_bytes() == (tmp_path / "without.png").read_bytes()


def test_samples_are_drawn_first_last_and_between(tmp_path, toy):
    train.fit(toy(), [np.ones((2, 3))] * 5, 1, callbacks=[train.SampleImages(tmp_path / "s", every=2)])
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == [f"step-00000{i}.png" for i in (0, 2, 4, 5)]


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (3, 4, 3)])
def test_png_holds_the_pixels(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    read = pytest.importorskip("matplotlib.image").imread(io.BytesIO(encode_png(image)))
    assert (np.rint(read * 255) == image).all()


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (np.zeros((2, 2)), TypeError),
        ([[1]], TypeError),
        (np.zeros((0, 2), np.uint8), ValueError),
        (np.zeros((2, 2, 4), np.uint8), ValueError),
        (np.zeros(2, np.uint8), ValueError),
    ],
)
def test_what_is_no_image_is_refused(image, error):
    with pytest.raises(error, match="write_png"):
        encode_png(image)


@pytest.mark.parametrize(
    "make",
    [
        lambda: train.EarlyStopping("loss", patience=0),
        lambda: train.EarlyStopping("loss", mode="least"),
        lambda: train.EarlyStopping("loss", min_delta=float("nan")),
        lambda: train.PeriodicCheckpoint("x", every=0),
        lambda: train.JsonlLog("x", every=True),
        lambda: train.SampleImages("x", every=-1),
        lambda: train.LearningRate(None, per="batch"),
    ],
)
def test_wrong_options(make):
    with pytest.raises(ValueError, match="expected"):
        make()


@pytest.mark.parametrize(
    ("kind", "shares"),
    [
        ("none", [1, 1, 1, 1, 1, 1]),
        ("linear", [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]),
        ("late-linear", [1, 1, 1, 1, 4 / 6, 2 / 6]),
        ("late-step", [1, 1, 1, 0.1, 0.1, 0.01]),
        ("cosine", [(1 + math.cos(math.pi * i / 6)) / 2 for i in range(6)]),
        ("step", [1, 1, 0.1, 0.1, 0.01, 0.01]),
    ],
)
def test_a_schedule_over_the_whole_training(tmp_path, kind, shares):
    class Optimized(Scripted):
        def __init__(self):
            super().__init__([0.0] * 6)
            self.optimizer = pydl.optim.SGD([pydl.nn.Parameter(pydl.zeros(1))], lr=0.5)
            self.rates = []

        def step(self, batch):
            self.rates.append(self.optimizer.param_groups[0]["lr"])
            return super().step(batch)

    task = Optimized()
    train.fit(task, [0, 1], 3, callbacks=[train.LearningRateSchedule([task.optimizer], kind)])
    assert task.rates == pytest.approx([0.5 * share for share in shares])


def test_an_unknown_schedule_names_the_known():
    with pytest.raises(ValueError, match="as one of none, linear, late-linear, cosine, step, late-step, got 'cos'"):
        train.LearningRateSchedule([], "cos")
