"""The doctor at work: a callback of `fit`."""

from __future__ import annotations

import math
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from ... import checks
from ...creation import from_numpy
from ...tensor import Tensor
from ...train.callbacks import Callback
from ..losses import Objective
from . import measures, rules
from .ailments import AILMENTS, tell
from .history import History

if TYPE_CHECKING:
    from ...train.loop import Loop

CHECKS = 100  # in a training, where `every` is not given
LOSSES = ("loss_d", "loss_g")
SERIES = (
    "variety", "shown", "right_real", "right_fake", "order", "gradient_g", "gradient_d", "weight_g",
    "level_d", "level_g", "cycle",
)  # fmt: skip


class Doctor(Callback):
    """Watches a GAN, names what is wrong with it and what helps; it is silent about a healthy one.

    `train` and `test` are the datasets (with `batch`); without `test` it does not look for memorising. Every
    `every`-th step (a hundredth of the training, at least 20 steps) it draws `count` samples and sees how far the
    discriminator tells them from as many real ones, and which of the training set's labels they show; ten times in the
    training it looks for the nearest training samples. Its figures go into the step's under "doctor/…" and
    "gradient/<layer>", what ails into `loop.notes` for the progress line and in words, once each, to `stream` (default
    sys.stderr). `ailing` are the present alarms, `found` all with the step they began at.

    `kinds` names a figure of the epochs that counts what the samples show, and how much there is: ("classes", 10).
    Where few are covered, or there were too few checks to tell, the progress line does not call the training well.

    It changes neither the training nor its random numbers. TypeError or ValueError for an `every` that is no integer
    >= 1, a `count` that is none >= 2, and fewer than two training samples.
    """

    order = -10

    def __init__(
        self,
        train: Any,
        test: Any = None,
        *,
        every: int | None = None,
        count: int = 240,
        seed: int = 0,
        stream: TextIO | None = None,
        kinds: tuple[str, int] | None = None,
    ) -> None:
        self.every = None if every is None else checks.integer("Doctor", "every", every, 1)
        self.count = min(checks.integer("Doctor", "count", count, 2), len(train))
        if self.count < 2:
            raise ValueError(f"[Doctor] expected a train set of at least 2 samples, got {len(train)}")
        self.train, self.test, self.seed, self.stream, self.kinds = train, test, seed, stream, kinds
        self.ailing: set[str] = set()
        self.found: dict[str, int] = {}
        self.series: dict[str, list[float]] = {name: [] for name in SERIES}
        self._losses = {name: deque[float](maxlen=rules.WINDOW) for name in LOSSES}
        self._histories = {name: History(rules.WINDOW) for name in LOSSES}
        self._recent: dict[str, list[float]] = {name: [] for name in LOSSES}
        self._period, self._said = 0, set[str]()
        real = _rows(self.real())
        self._reach = measures.reach(real)
        self.variety_real = measures.variety(real, self._reach)
        self._kinds = measures.Kinds(real, self.labels())
        self._batch: tuple[Tensor, ...] = ()
        self._usual: float | None = None

    def real(self) -> np.ndarray:
        """What samples are to vary like: `count` real ones."""
        return self._draw(self.count)[0]

    def labels(self) -> np.ndarray:
        """Of which class or mode each of the real ones is; all of one where the training set does not say."""
        for column in self._draw(self.count)[1:2]:
            if column.ndim == 1 and column.dtype.kind in "iu":
                return column
        return np.zeros(self.count, np.int64)

    def samples(self, task: Any) -> np.ndarray:
        """`count` generated samples, of the same noise each time."""
        return task.sample(self.count, seed=self.seed)

    def _draw(self, count: int) -> tuple[np.ndarray, ...]:
        """`count` samples of the training set, always the same."""
        chosen = np.random.default_rng(self.seed).choice(len(self.train), count, replace=False)
        return tuple(self.train.batch(np.sort(chosen)))

    def on_train_begin(self, loop: Loop) -> None:
        size = getattr(loop.loader, "batch_size", None) or self.count
        count = min(max(size, self.count // size * size), len(self.train))  # a discriminator may take packs of samples
        self._batch = tuple(from_numpy(np.ascontiguousarray(part)) for part in self._draw(count))
        steps = loop.steps_per_epoch
        if self.every is None:
            self.every = 100 if steps is None else max(20, loop.epochs * steps // CHECKS)
        self._note(loop)

    def on_step_end(self, loop: Loop) -> None:
        for name, recent in self._recent.items():
            recent.append(loop.metrics.get(name, 0.0))
            if len(self.series["variety"]) >= rules.WARM_UP:
                self._losses[name].append(recent[-1])
                self._histories[name].append(recent[-1])
        if loop.step % (self.every or 1) == 0:
            self._check(loop)

    def _check(self, loop: Loop) -> None:
        layers = self._measure(loop.task)
        latest = {name: series[-1] for name, series in self.series.items()}
        ailing = self._diagnose(loop.task.objective)  # type: ignore[attr-defined]
        self._set(loop, ailing, {**latest, "weakest": min(layers, key=layers.__getitem__)})
        alarms = {kind: float(kind in self.ailing) for kind in AILMENTS}
        loop.metrics |= {f"doctor/{name}": value for name, value in {**latest, **alarms}.items()}
        loop.metrics |= {f"gradient/{name}": value for name, value in layers.items()}

    def _measure(self, task: Any) -> dict[str, float]:
        """Add a measurement to each series; the norm of each layer's gradient."""
        networks = {"g": task.generator, "d": task.discriminator}
        norms = {name: measures.gradient_norms(network) for name, network in networks.items()}
        apart = measures.told_apart(task, self._batch)
        strength, self._period = max(self._cycles())
        samples = _rows(self.samples(task))
        found = {
            "variety": measures.variety(samples, self._reach),
            "shown": float(self._kinds.shown(samples)),
            "right_real": apart.real,
            "right_fake": apart.fake,
            "order": apart.order,
            "weight_g": measures.weight_norm(task.generator),
            "cycle": strength,
            **{f"gradient_{name}": math.hypot(*layers.values()) for name, layers in norms.items()},
            **{f"level_{name[-1]}": float(np.median(np.abs(recent))) for name, recent in self._recent.items()},
        }
        for name, value in found.items():
            self.series[name].append(value)
        self._recent = {name: [] for name in self._recent}
        return {f"{name}.{layer}": norm for name, layers in norms.items() for layer, norm in layers.items()}

    def _cycles(self) -> list[tuple[float, int]]:
        """How much each loss goes round, and in how many steps: in the last steps, and in the whole training."""
        found = [(0.0, 0)]
        for name in LOSSES:
            window, history = self._losses[name], self._histories[name]
            if len(window) == rules.WINDOW:
                found.append(rules.cycle(window))
            if history.block > 1:
                strength, lag = rules.cycle(history.means)
                found.append((strength, lag * history.block))
        return found

    def _diagnose(self, objective: Objective) -> set[str]:
        """What the rules say.

        A critic without a threshold that tells all samples apart is as it should be; one that cannot follow is ill.
        """
        series, probability = self.series, objective.probability
        right = list(zip(series["right_real"], series["right_fake"], strict=True))
        certain = [(a + b) / 2 for a, b in right] if probability else [max(o, 1 - o) for o in series["order"]]
        says = {
            "collapse": rules.collapsed(series["variety"], self.variety_real)
            or rules.shows_few(series["shown"], self._kinds.count),
            "vanishing": rules.vanished(series["gradient_g"], series["weight_g"], certain),
            "d_wins": objective.threshold is not None and rules.discriminator_wins(right),
            "g_wins": objective.ordered and rules.generator_wins(right),
            "divergence": rules.diverged(series["level_d"], nats=probability)
            or (probability and rules.diverged(series["level_g"])),
            "oscillation": rules.oscillates(series["cycle"]),
            "memorising": "memorising" in self.ailing,
        }
        return {kind for kind, ill in says.items() if ill}

    def _set(self, loop: Loop, ailing: set[str], figures: dict[str, Any]) -> None:
        begun, self.ailing = ailing - self.ailing, ailing
        right = (figures.get("right_real", 0.0) + figures.get("right_fake", 0.0)) / 2
        kinds = self._kinds.count
        of_kinds = f", and show {figures.get('shown', 0):.0f} of its {kinds} classes or modes" if kinds > 1 else ""
        figures |= {"variety_real": self.variety_real, "period": self._period, "certain": right, "of_kinds": of_kinds}
        for kind in AILMENTS:
            if kind in begun:
                self.found.setdefault(kind, loop.step)
                if kind not in self._said:
                    self._said.add(kind)
                    print(tell(kind, loop.step, figures), file=self.stream or sys.stderr, flush=True)
        self._note(loop)

    def _note(self, loop: Loop) -> None:
        words = [ailment.word for kind, ailment in AILMENTS.items() if kind in self.ailing] + self._missing(loop)
        verdict = "well" if rules.can_tell(len(self.series["variety"])) else "too early to tell"
        loop.notes["doctor"] = f"[{', '.join(words) or verdict}]"

    def _missing(self, loop: Loop) -> list[str]:
        """How few kinds of samples there were when they were last counted, if few."""
        if self.kinds is None:
            return []
        name, kinds = self.kinds
        return [f"{seen:.0f} of {kinds} {name}" for seen in loop.history[name][-1:] if rules.covers_few(seen, kinds)]

    def on_epoch_end(self, loop: Loop) -> None:
        self._note(loop)

    def on_evaluate(self, loop: Loop) -> dict[str, float]:
        epoch = loop.epoch + 1
        if self.test is None or (epoch != loop.epochs and epoch % max(1, loop.epochs // 10)):
            return {}
        copies = float((self._distances(_rows(self.samples(loop.task))) < self._reached()).mean())
        ill = {"memorising"} if rules.memorised(copies) else set()
        self._set(loop, self.ailing - {"memorising"} | ill, {"copies": copies})
        return {"doctor/copies": copies}

    def _reached(self) -> float:
        """What 95 in 100 test samples exceed in distance to the nearest training sample."""
        if self._usual is None:
            test = _rows(self.test.batch(np.arange(min(self.count, len(self.test))))[0])
            self._usual = float(np.quantile(self._distances(test), 0.05))
        return self._usual

    def _distances(self, samples: np.ndarray) -> np.ndarray:
        """Of each of `samples` to the nearest training sample; these are read part by part, since all may not fit."""
        starts = range(0, len(self.train), measures.CHUNK)
        parts = (np.arange(i, min(i + measures.CHUNK, len(self.train))) for i in starts)
        return measures.nearest_distances(samples, (_rows(self.train.batch(part)[0]) for part in parts))

    def state_dict(self) -> dict[str, Any]:
        return {
            "series": {name: np.array(series) for name, series in self.series.items()},
            "losses": {name: np.array(losses) for name, losses in self._losses.items()},
            "histories": {name: history.state_dict() for name, history in self._histories.items()},
            "recent": {name: np.array(recent) for name, recent in self._recent.items()},
            "ailing": sorted(self.ailing),
            "found": dict(self.found),
            "period": self._period,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if not state:
            return
        self.series = {name: np.asarray(state["series"][name]).tolist() for name in SERIES}
        for name in self._losses:
            self._losses[name] = deque(np.asarray(state["losses"][name]).tolist(), maxlen=rules.WINDOW)
            self._histories[name].load_state_dict(state["histories"][name])
            self._recent[name] = np.asarray(state["recent"][name]).tolist()
        self.ailing = {kind for kind in state["ailing"] if kind in AILMENTS}
        self.found = {kind: int(step) for kind, step in state["found"].items()}
        self._period, self._said = int(state["period"]), set(self.found)


def _rows(samples: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(samples.reshape(len(samples), -1), np.float64)
