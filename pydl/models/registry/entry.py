"""What a model of the registry is: its options, how its task is built and sampled from."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Data(NamedTuple):
    """The two parts of a data set, as `pydl.data.load` gives them."""

    train: Any
    test: Any


@dataclass(frozen=True)
class Entry:
    """A model of the registry.

    `defaults` maps every option to its value, `presets` holds other values for single data sets, and `paper` those with
    which the paper that describes the model trains it; an option `preset` chooses between the two. `build(data,
    config)` makes the task that `pydl.train.fit` trains. For generators, `sample(state, config, count, seed)` gives
    samples (count, …), images in [0, 1], from a task's `state_dict`; where it has latents between which one can walk,
    `walk(state, config, rows, steps, seed)` gives rows · steps of them. `callbacks(data, config)` gives what else `fit`
    should call, `prepare(data, config)` the data as the model is to see it.
    """

    name: str
    description: str
    defaults: Mapping[str, Any]
    build: Callable[[Data, Mapping[str, Any]], Any]
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sample: Callable[[Mapping[str, Any], Mapping[str, Any], int, int], np.ndarray] | None = None
    walk: Callable[[Mapping[str, Any], Mapping[str, Any], int, int, int], np.ndarray] | None = None
    callbacks: Callable[[Data, Mapping[str, Any]], list[Any]] = lambda data, config: []
    prepare: Callable[[Data, Mapping[str, Any]], Data] = lambda data, config: data
    paper: Mapping[str, Any] = field(default_factory=dict)

    def options(self, data: str | None = None, preset: str | None = None) -> dict[str, Any]:
        """Every option with its value for the data set `data`, by the `preset` "data" or "paper".

        Both are the model's own where they are not given; models without an option `preset` have values for data alone.
        """
        chosen = {"data": data, "preset": preset if "preset" in self.defaults else None}
        result = {**self.defaults, **{name: value for name, value in chosen.items() if value is not None}}
        own = self.paper if result.get("preset") == "paper" else self.presets.get(result["data"], {})
        return {**result, **own}

    def config(self, **options: Any) -> dict[str, Any]:
        """`options` with defaults for the rest; ValueError for a name that is no option or a value that cannot be."""
        from .options import checked

        named = {name: options[name] for name in ("data", "preset") if name in options and name in self.defaults}
        result = self.options(**{name: checked(self.name, name, v, self.defaults[name]) for name, v in named.items()})
        for name, value in options.items():
            if name not in result:
                raise ValueError(f"[{self.name}] expected an option of {near(name, result)}, got {name!r}")
            result[name] = checked(self.name, name, value, result[name])
        return result


def complete(config: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """`config` with what the data adds, so that the networks can be built without it: shape and classes.

    ValueError for a test part of another shape, and for labels that are no numbers of classes.
    """
    shape, classes = list(data.train.image_shape), class_count(data)
    if list(data.test.image_shape) != shape:
        raise ValueError(f"[complete] expected test samples of shape {shape}, got {list(data.test.image_shape)}")
    for name, part in data._asdict().items():
        if classes:
            _check_labels(name, part.targets, classes)
    return {**config, "shape": shape, "classes": classes}


def class_count(data: Data) -> int:
    """How many classes the data is labelled with; 0 where a part has no labels."""
    return len(data.train.classes) if all(hasattr(part, "targets") for part in data) else 0


def _check_labels(name: str, labels: np.ndarray, classes: int) -> None:
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(f"[complete] expected {name} labels as whole numbers, got {labels.dtype} {labels.shape}")
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        got = f"{labels[wrong[0]]} at position {wrong[0]}"
        raise ValueError(f"[complete] expected {name} labels in 0 … {classes - 1}, got {got}")


def near(name: str, known: Iterable[str]) -> str:
    """The names that begin with `name`, else those like it; all where there are none."""
    begun = sorted((other for other in known if other.startswith(name.lower())), key=lambda other: (len(other), other))
    return ", ".join(begun or difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5) or sorted(known))
