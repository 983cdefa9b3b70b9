"""The loop: counting, stopping, resuming bit for bit, signals."""

import os
import signal
import threading

import numpy as np
import pytest

import pydl
from pydl import train


class Recorder(train.Callback):
    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda loop: self.calls.append((name, loop.epoch, loop.step)) or {}
        return object.__getattribute__(self, name)

    def close(self):
        self.calls.append("close")


def test_the_calls_of_two_epochs(toy):
    recorder = Recorder()
    history = train.fit(toy(), [np.ones((2, 3)), np.zeros((2, 3))], 2, callbacks=[recorder])
    assert recorder.calls == [
        ("on_train_begin", 0, 0),
        ("on_epoch_begin", 0, 0),
        ("on_step_end", 0, 1),
        ("on_step_end", 0, 2),
        ("on_evaluate", 0, 2),
        ("on_epoch_end", 1, 2),
        ("on_epoch_begin", 1, 2),
        ("on_step_end", 1, 3),
        ("on_step_end", 1, 4),
        ("on_evaluate", 1, 4),
        ("on_epoch_end", 2, 4),
        ("on_train_end", 2, 4),
        "close",
    ]
    assert len(history["loss"]) == len(history["test_loss"]) == 2
    assert history["size"] == [2.0, 2.0]


def standard(folder, **options):
    """The callbacks of a run in `folder`."""
    return [
        train.PeriodicCheckpoint(folder / "last", config={"a": 1}, **options),
        train.BestCheckpoint(folder / "best", "test_loss"),
        train.EarlyStopping("test_loss", patience=4),
        train.JsonlLog(folder / "metrics.jsonl"),
        train.SampleImages(folder / "samples", every=5),
    ]


def final(folder, task):
    """All that must not depend on interruptions."""
    saved = [pydl.load(folder / name) for name in ("last", "best")]
    for state in saved:
        state["progress"].pop("elapsed")
    lines = [{k: v for k, v in line.items() if k != "time"} for line in train.read_log(folder / "metrics.jsonl")]
    images = {p.name: p.read_bytes() for p in (folder / "samples").iterdir()}
    return repr(task.state_dict()), repr(saved), lines, images, pydl.random.get_rng_state().tolist()


def run(folder, toy, loader, *, epochs=6, start=None, interrupt_at=None, every=None):
    pydl.manual_seed(5)
    task = toy()
    if interrupt_at is not None:
        task.on_step = lambda count: os.kill(os.getpid(), signal.SIGINT) if count == interrupt_at else None
    train.fit(task, loader(), epochs, callbacks=standard(folder, every=every), start=start)
    return final(folder, task)


@pytest.mark.parametrize("at", [1, 7, 17, 41, 42])
def test_an_interrupted_training_resumes_bit_for_bit(tmp_path, toy, loader, at):
    for name in ("straight", "stopped"):
        (tmp_path / name).mkdir()
    expected = run(tmp_path / "straight", toy, loader)
    with pytest.raises(train.Interrupted) as caught:
        run(tmp_path / "stopped", toy, loader, interrupt_at=at)
    assert (caught.value.signum, caught.value.step) == (signal.SIGINT, at)
    state = pydl.load(tmp_path / "stopped" / "last")
    assert (state["config"], state["progress"]["step"]) == ({"a": 1}, at)
    assert run(tmp_path / "stopped", toy, loader, start=state) == expected


def test_lines_after_the_checkpoint_are_cut_when_an_older_one_is_resumed(tmp_path, toy, loader):
    for name in ("straight", "killed"):
        (tmp_path / name).mkdir()
    expected = run(tmp_path / "straight", toy, loader, every=9)
    with pytest.raises(train.Interrupted):
        run(tmp_path / "killed", toy, loader, interrupt_at=20, every=9)
    state = pydl.load(tmp_path / "killed" / "last")
    older = tmp_path / "older"
    older.mkdir()
    with pytest.raises(train.Interrupted):
        run(older, toy, loader, interrupt_at=9, every=9)
    with open(tmp_path / "killed" / "metrics.jsonl", "ab") as file:
        file.write(b'{"event": "st')
    assert state["progress"]["step"] == 20
    assert run(tmp_path / "killed", toy, loader, start=pydl.load(older / "last"), every=9) == expected


def test_resuming_a_finished_training_changes_nothing_and_more_epochs_go_on(tmp_path, toy, loader):
    for name in ("six", "four"):
        (tmp_path / name).mkdir()
    expected = run(tmp_path / "six", toy, loader)
    four = run(tmp_path / "four", toy, loader, epochs=4)
    last = tmp_path / "four" / "last"
    assert run(tmp_path / "four", toy, loader, epochs=4, start=pydl.load(last)) == four
    more = run(tmp_path / "four", toy, loader, start=pydl.load(last))
    assert (more[0], more[2], more[4]) == (expected[0], expected[2], expected[4])


class Examiner(train.Callback):
    """Adds a figure to every epoch; in the second a signal comes, and it would wait long if that were not heard."""

    def __init__(self, interrupt):
        self.interrupt, self.slept = interrupt, False

    def on_evaluate(self, loop):
        pydl.random.rand(5)
        if self.interrupt and loop.epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(30)
            self.slept = True
        return {"marks": float(loop.task.weights.sum())}


def test_an_examination_is_broken_off_by_a_signal_and_done_again(tmp_path, toy, loader):
    logs = []
    for interrupt in (False, True):
        folder = tmp_path / str(interrupt)
        folder.mkdir()
        pydl.manual_seed(5)
        examiner = Examiner(interrupt)
        try:
            train.fit(toy(), loader(), 3, callbacks=[*standard(folder), examiner])
        except train.Interrupted:
            assert not examiner.slept
            state = pydl.load(folder / "last")
            assert (state["progress"]["epoch"], state["progress"]["position"]) == (1, 7)
            train.fit(toy(), loader(), 3, callbacks=[*standard(folder), Examiner(False)], start=state)
        lines = train.read_log(folder / "metrics.jsonl")
        logs.append([{k: v for k, v in line.items() if k != "time"} for line in lines])
    assert logs[0] == logs[1]
    assert sum("marks" in line for line in logs[1]) == 3


def test_a_plain_list_of_batches_resumes_in_the_middle_of_an_epoch(tmp_path, toy):
    batches = [np.full((2, 3), i) for i in range(5)]
    straight, stopped, resumed = toy(), toy(), toy()
    pydl.manual_seed(1)
    train.fit(straight, batches, 3)
    stopped.on_step = lambda count: os.kill(os.getpid(), signal.SIGTERM) if count == 7 else None
    pydl.manual_seed(1)
    with pytest.raises(train.Interrupted):
        train.fit(stopped, batches, 3, callbacks=[train.PeriodicCheckpoint(tmp_path / "c")])
    train.fit(resumed, batches, 3, start=pydl.load(tmp_path / "c"))
    assert repr(resumed.state_dict()) == repr(straight.state_dict())


def test_a_signal_while_waiting_for_a_batch_is_answered_at_once(tmp_path, toy):
    waiting = threading.Event()

    def batches():
        yield np.ones((2, 3))
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        assert not waiting.wait(30)

    class Loader:
        def __iter__(self):
            return batches()

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(train.Interrupted) as caught:
        train.fit(toy(), Loader(), 2, callbacks=[train.PeriodicCheckpoint(tmp_path / "c")])
    assert caught.value.step == 1
    assert pydl.load(tmp_path / "c")["progress"]["position"] == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_signal_stops_at_once(tmp_path, toy):
    task = toy()

    def twice(count):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("still in the step")

    task.on_step = twice
    with pytest.raises(KeyboardInterrupt) as caught:
        train.fit(task, [np.ones((2, 3))], 2, callbacks=[train.PeriodicCheckpoint(tmp_path / "c")])
    assert not isinstance(caught.value, train.Interrupted)
    assert pydl.load(tmp_path / "c")["progress"]["step"] == 0


def test_training_in_another_thread_leaves_signals_alone(toy):
    before = signal.getsignal(signal.SIGINT)
    task = toy()
    thread = threading.Thread(target=train.fit, args=(task, [np.ones((2, 3))], 2))
    thread.start()
    thread.join()
    assert task.count == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_a_loss_that_is_not_finite_stops_and_keeps_the_checkpoint(tmp_path, toy, loader):
    task = toy()
    task.fail_at = 17
    callbacks = [train.PeriodicCheckpoint(tmp_path / "c", every=5)]
    with pytest.raises(train.DivergenceError, match=r"got loss = nan at step 17 \(epoch 3\)"):
        train.fit(task, loader(), 9, callbacks=callbacks)
    assert pydl.load(tmp_path / "c")["progress"]["step"] == 15


def test_parameters_that_are_not_finite_are_never_saved(tmp_path, toy, loader):
    task = toy()
    task.on_step = lambda count: task.weights.fill(np.nan) if count == 5 else None
    task.step = lambda batch, step=task.step: {**step(batch), "loss": 1.0}
    with pytest.raises(train.DivergenceError, match="in weights between step 4, when all was finite, and step 6"):
        train.fit(task, loader(), 9, callbacks=[train.PeriodicCheckpoint(tmp_path / "c", every=3)])
    assert pydl.load(tmp_path / "c")["progress"]["step"] == 3


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"epochs": -1}, "epochs as an integer"),
        ({"epochs": 1.5}, "epochs as an integer"),
        ({"epochs": True}, "epochs as an integer"),
        ({"loader": []}, "at least one batch"),
        ({"start": {"task": {}}}, "state of a training like this one, got KeyError: 'progress'"),
    ],
)
def test_wrong_arguments(toy, options, match):
    arguments = {"task": toy(), "loader": [np.ones((2, 3))], "epochs": 1, **options}
    with pytest.raises(ValueError, match=match):
        train.fit(**arguments)


class Count(train.Callback):
    """A callback with a state, closed or not."""

    def __init__(self, error=None):
        self.state, self.error, self.closed = {"n": 1}, error, False

    def state_dict(self):
        return dict(self.state)

    def load_state_dict(self, state):
        self.state = dict(state)
        if state.get("n", 0) != 1:
            raise ValueError("spoilt")

    def close(self):
        self.closed = True
        if self.error:
            raise self.error


SPOILT = [
    ("random", None),
    ("random", np.zeros(3)),
    ("loader", None),
    ("loader", {"seed": 0}),
    ("task", {}),
    ("metrics", None),
    ("metrics", {"loss": "1"}),
    ("sums", {}),
    ("sums", {"loss": None}),
    ("callbacks", []),
    ("history", {"epochs": "", "stopped": ""}),
    ("history", {"epochs": [], "stopped": ""}),
    ("history.stopped", 1),
    *(("progress.elapsed", value) for value in (float("nan"), float("inf"), -1, "1", None, True)),
    *((f"progress.{name}", value) for name in ("epoch", "step", "position") for value in (2**62, -1, 1.0, True, None)),
    ("progress.step", 9),
    *(("callbacks.JsonlLog-0.lines", value) for value in (None, "x", float("nan"), [], -1, 2**70, True)),
    ("callbacks.JsonlLog-0.start", -1),
    *(("callbacks.BestCheckpoint-0.best", value) for value in ("x", [], float("nan"), True)),
    *(("callbacks.EarlyStopping-0.waited", value) for value in ("x", -1, 2.0)),
    ("callbacks.Count-0", {"n": 2}),
    ("callbacks.Count-0", 5),
]


@pytest.fixture
def stopped(tmp_path, toy, loader):
    """The state in the middle of the second epoch, and a loop that could take it over."""
    with pytest.raises(train.Interrupted):
        run(tmp_path, toy, loader, interrupt_at=10)
    loop = train.Loop(toy(), loader(), 6, [*standard(tmp_path), Count()])
    return pydl.load(tmp_path / "last"), loop


@pytest.mark.parametrize(("where", "value"), SPOILT, ids=lambda part: str(part)[:20])
def test_a_spoilt_state_changes_nothing(stopped, where, value):
    state, loop = stopped
    state["callbacks"]["Count-0"] = {"n": 1, "loaded": True}
    pydl.manual_seed(8)
    loop._started, loop._elapsed = float("inf"), 0.0
    before = repr({**loop.state_dict(), "progress": 0})
    *folders, last = where.split(".")
    inner = state
    for name in folders:
        inner = inner[name]
    right, inner[last] = inner.get(last), value
    with pytest.raises(train.StateError, match="start as the state of a training like this one"):
        loop.load_state_dict(state)
    assert repr({**loop.state_dict(), "progress": 0}) == before
    assert (loop.epoch, loop.step, loop.position, loop.callbacks[0].order) == (0, 0, 0, 0)
    inner[last] = right
    loop.load_state_dict(state)
    assert (loop.epoch, loop.step, loop.position) == (1, 10, 3)


def test_a_training_resumed_cuts_its_own_lines_alone(tmp_path, toy, loader):
    log = tmp_path / "metrics.jsonl"
    log.write_text("precious")
    with pytest.raises(train.Interrupted):
        run(tmp_path, toy, loader, interrupt_at=10, every=4)
    state = pydl.load(tmp_path / "last")
    lines = log.read_bytes().splitlines()
    with open(log, "ab") as file:
        file.write(b"{} and so on")
    run(tmp_path, toy, loader, start=state)
    assert log.read_bytes().splitlines()[: len(lines)] == lines
    assert (lines[0], len(lines)) == (b"precious", 12)
    assert b"so on" not in log.read_bytes()


def test_every_callback_is_closed_whatever_the_others_do(toy):
    callbacks = [Count(OSError("first")), Count(), Count(ValueError("third")), Count()]
    with pytest.raises(ValueError, match="third"):
        train.fit(toy(), [np.ones((2, 3))], 1, callbacks=callbacks)
    assert [callback.closed for callback in callbacks] == [True] * 4


@pytest.mark.parametrize("callbacks", [[print], 5, None, Count()])
def test_what_is_no_callback(toy, callbacks):
    with pytest.raises(TypeError, match=r"\[fit\] expected callbacks as a list of Callback, got "):
        train.fit(toy(), [np.ones((2, 3))], 1, callbacks=callbacks)


@pytest.mark.parametrize("kind", [train.EarlyStopping, lambda **options: train.BestCheckpoint("x", **options)])
@pytest.mark.parametrize("options", [{"min_delta": "x"}, {"min_delta": None}, {"monitor": 3}])
def test_what_is_watched_is_checked(kind, options):
    with pytest.raises(TypeError, match=r"(EarlyStopping|BestCheckpoint)\] expected (min_delta|monitor) as a "):
        kind(**{"monitor": "loss", **options})
