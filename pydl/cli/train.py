"""`pydl train`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pydl

from .. import backend, data, models
from ..data.registry import check_name
from ..models.registry import options
from ..nn import Module
from ..optim.optimizer import Optimizer
from ..train import Classifier, DivergenceError, Interrupted, LearningRateSchedule, Loop, StateError
from ..train.callbacks.extras import require
from ..train.run import Run
from .arguments import MAX_SEED, Parser, integer, of_file, type_like, usage

RUN_OPTIONS = ("save_every", "sample_every", "log_every")
MAX_EPOCHS = 10**6
LATER = {"preset": "data", "optimizer": "adam"}  # what a run does that was begun before there was a choice
KINDS = {"epochs": integer(1, MAX_EPOCHS), "batch_size": integer(1), "seed": integer(0, MAX_SEED)}


def run(argv: Sequence[str]) -> int:
    """Train a model by name in a run folder, or go on with one."""
    args = _parser().parse(argv)
    if args.help:
        with usage("train"):
            if args.data is not None:
                check_name(args.data)
            print(_parser(args.model, args.data, args.preset).format_help(), end="")
        return 0
    if args.threads is not None:
        backend.set_num_threads(args.threads)
    require("matplotlib", "drawing curves")  # else it would be missed at the end only
    if sys.stderr.isatty():
        require("tqdm", "the progress bar")
    if args.resume is None:
        with usage("train"):
            config, sets = _begin(args)
            loader, task, schedule = _build(config, sets)
            folder, state = Run.create(config, args.out), None
    else:
        folder, config, state = _go_on(args)
        with of_file(folder.source):
            sets = _load(config)
            if any(config[name] != value for name, value in models.complete({}, sets).items()):
                raise ValueError(f"shape or classes of other data than {config['data']}")
            loader, task, schedule = _build(config, sets)
    best = ("test_accuracy", "max") if isinstance(task, Classifier) else None
    callbacks = [schedule, *folder.callbacks(config, best), *models.get(config["model"]).callbacks(sets, config)]
    return _train(folder, config, Loop(task, loader, config["epochs"], callbacks), state)


def _build(config: Mapping[str, Any], sets: models.Data) -> tuple[data.DataLoader, Any, LearningRateSchedule]:
    task = models.get(config["model"]).build(sets, config)
    return _loader(config, sets), task, LearningRateSchedule(_optimizers(task), config["lr_schedule"])


def _parser(model: str | None = None, data_name: str | None = None, preset: str | None = None) -> Parser:
    """The options of all models; those of one, with their values for a data set or of its paper, where it is named."""
    entry = None if model is None else models.get(model)
    about = "Train a model by name; the results lie in a run folder." if entry is None else entry.description
    parser = Parser("train" if entry is None else f"train {entry.name}", about, add_help=False)
    parser.words = {"--data": data.names()}
    parser.usage = f"pydl train {'MODEL' if entry is None else entry.name} [options]"
    if entry is None:
        parser.add_argument("model", nargs="?", metavar="MODEL", help=", ".join(models.names()))
    parser.add_argument("--help", "-h", action="store_true", help="this")
    parser.add_argument("--resume", metavar="RUN", help="go on with a run folder or a checkpoint in it")
    parser.add_argument("--out", metavar="FOLDER", help="run folder (default runs/<model>-<data>-<n>)")
    parser.add_argument("--threads", type=integer(1, 1024), help="threads of the kernels (results do not depend on it)")
    parser.add_argument("--save-every", type=integer(1), metavar="STEPS", help="default: an epoch, 5 seconds apart")
    parser.add_argument("--sample-every", type=integer(1), metavar="STEPS", help="default: 20 times in the training")
    parser.add_argument("--log-every", type=integer(1), metavar="STEPS", help="default: 1")
    if entry is None:
        _add_options(parser, "of the models; those of one, with their values:  pydl train MODEL --help")
    else:
        given = {"data": data_name, "preset": preset}
        shown = entry.config(**{name: value for name, value in given.items() if value is not None})
        whose = "of its paper" if shown.get("preset") == "paper" else f"for {shown['data']}"
        _add_options(parser, f"of {entry.name}, with their values {whose}", entry, shown)
    return parser


def _add_options(
    parser: Parser, title: str, entry: models.Entry | None = None, values: Mapping[str, Any] | None = None
) -> None:
    group = parser.add_argument_group(f"options {title}")
    shown = _model_options() if values is None else {name: (value, []) for name, value in values.items()}
    for name, (default, owners) in shown.items():
        text = option_text(entry.name if entry else "", name)
        if entry is not None:
            text += f" (default {','.join(map(str, default)) if isinstance(default, list) else default})"
        elif len(owners) <= 3:
            text += f" (of {', '.join(owners)})"
        kind = KINDS.get(name) or type_like(default)
        group.add_argument(f"--{name.replace('_', '-')}", dest=name, type=kind, metavar=_metavar(default), help=text)


def option_text(model: str, name: str) -> str:
    """What an option of a model means, and the words it may be."""
    option = options.of(model, name)
    choices = data.names() if name == "data" else option.choices
    return f"{option.text}: {', '.join(choices)}" if choices else option.text


def _metavar(default: Any) -> str:
    return {int: "N", float: "X", list: "N,N,…"}.get(type(default), "NAME")


def _model_options() -> dict[str, tuple[Any, list[str]]]:
    """Every option of every model: a default, and whose it is."""
    found: dict[str, tuple[Any, list[str]]] = {}
    for model in models.names():
        for name, default in models.get(model).defaults.items():
            found.setdefault(name, (default, []))[1].append(model)
    return found


def _given(args: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name in _model_options() if (value := getattr(args, name)) is not None}


def _begin(args: argparse.Namespace) -> tuple[dict[str, Any], models.Data]:
    """The configuration and the data of a new run."""
    if args.model is None:
        raise ValueError(f"expected MODEL ({', '.join(models.names())}) or --resume RUN, got neither")
    config = models.get(args.model).config(**_given(args))
    sets = _load({"model": args.model, **config})
    config = {"pydl": pydl.__version__, "model": args.model, **models.complete(config, sets)}
    steps = config["epochs"] * (len(sets.train) // config["batch_size"])
    config |= {"save_every": args.save_every, "log_every": args.log_every or 1}
    config["sample_every"] = args.sample_every or max(1, steps // 20)
    return config, sets


def _go_on(args: argparse.Namespace) -> tuple[Run, dict[str, Any], dict[str, Any] | None]:
    """A run that was begun before; of its configuration only the number of epochs can be changed."""
    given = _given(args)
    with usage("train"):
        fixed = [name for name in ("model", "out", *RUN_OPTIONS, *given) if getattr(args, name) is not None]
        for name in fixed:
            if name != "epochs":
                name = "MODEL" if name == "model" else f"--{name.replace('_', '-')}"
                raise ValueError(f"expected only --epochs and --threads beside --resume, got {name}")
    folder, config, state = Run.reopen(args.resume)
    return folder, {**check_config(config, folder.source), **given}, state


def check_config(config: Mapping[str, Any], path: Any) -> dict[str, Any]:
    """The configuration in a checkpoint, if a model can be built from it; CheckpointError if not."""
    with of_file(path):
        entry = models.get(config["model"])
        config = {**LATER, **config}
        checked = entry.config(**{name: config[name] for name in entry.defaults})
        rest = {name: config[name] for name in ("shape", "classes", "pydl", *RUN_OPTIONS)}
        _check_rest({**checked, **rest})
    known = {"model": entry.name, **checked, **rest}
    return {name: known[name] for name in config if name in known}


def _check_rest(config: Mapping[str, Any]) -> None:
    """ValueError for what a model does not check itself."""
    if config["data"] not in data.names():
        raise ValueError(f"data set {config['data'][:40]!r}")
    if config["epochs"] > MAX_EPOCHS:
        raise ValueError(f"epochs above {MAX_EPOCHS}: {config['epochs']}")
    if not isinstance(config["pydl"], str):
        raise ValueError(f"a version of type {type(config['pydl']).__name__}")
    shape = config["shape"]
    if not isinstance(shape, (list, tuple)) or not 1 <= len(shape) <= 3:
        raise ValueError(f"shape {str(shape)[:40]}")
    counts = {name: config[name] for name in ("classes", *RUN_OPTIONS)}
    counts |= {f"shape[{i}]": n for i, n in enumerate(shape)}
    for name, count in counts.items():
        if (name, count) != ("save_every", None) and (type(count) is not int or not 1 <= count < 2**31):
            raise ValueError(f"{name} {str(count)[:40]}")


def _load(config: Mapping[str, Any]) -> models.Data:
    name = config["data"]
    sets = models.Data(data.load(name, "train"), data.load(name, "test"))
    return models.get(config["model"]).prepare(sets, config)


def _loader(config: Mapping[str, Any], sets: models.Data) -> data.DataLoader:
    size, count = config["batch_size"], len(sets.train)
    if size > count:
        raise ValueError(f"expected batch_size of at most {count}, all of {config['data']}, got {size}")
    return data.DataLoader(sets.train, size, shuffle=True, drop_last=True, seed=config["seed"])


def _optimizers(task: Any) -> list[Optimizer]:
    return [part for part in vars(task).values() if isinstance(part, Optimizer)]


def _train(folder: Run, config: dict[str, Any], loop: Loop, state: dict[str, Any] | None) -> int:
    pydl.manual_seed(config["seed"])
    with folder.locked():
        if state is not None:
            try:
                loop.load_state_dict(state)
            except StateError as error:
                raise StateError(f"{folder.source}: {error}") from error
        _announce(config, loop)
        if state is not None and folder.source != folder.checkpoint:
            print(f"going back to {folder.source}: what was done after it is done anew, and replaced", flush=True)
        folder.write_config(config)
        try:
            history = loop.run()
        except Interrupted as stop:
            command = f"pydl train --resume {shlex.quote(str(folder.folder))}"
            print(f"\nstopped by {stop}; to go on, type:  {command}", file=sys.stderr)
            raise
        except DivergenceError as error:
            raise error.told(f"{_remedy(error, config)}; {folder.checkpoint} holds the last good state") from None
    if history.stopped:
        print(f"stopped early: {history.stopped}")
    print("\n".join([f"{folder.folder}:", *folder.describe()]))
    return 0


def _remedy(error: DivergenceError, config: Mapping[str, Any]) -> str:
    """What to try, unless the data is at fault: a tenth of each learning rate, or the usual one if that is less."""
    if error.layer.startswith("batch["):
        return ""
    usual = models.get(config["model"]).options(config["data"], config.get("preset"))
    lower = {name: min(config[name] / 10, usual[name]) for name in ("lr", "lr_g") if name in config}
    rates = [f"--{name.replace('_', '-')} {rate:g}" for name, rate in lower.items()]
    return f"; train anew with a smaller learning rate, such as {' '.join(rates)}"


def _announce(config: Mapping[str, Any], loop: Loop) -> None:
    parts = vars(loop.task).values()
    count = sum(p.numel() for module in parts if isinstance(module, Module) for p in module.parameters())
    threads = backend.get_num_threads()
    print(
        f"{config['model']} on {config['data']}: {count:,} parameters, "
        f"{config['epochs']} epochs of batches of {config['batch_size']}, seed {config['seed']}; "
        f"{threads} thread{'s' * (threads != 1)}, {backend.isa_name()}"
    )
    if loop.step:
        more = "" if loop.epoch < loop.epochs else "; --epochs N asks for more"
        print(f"going on after step {loop.step}, with {loop.epoch} of {loop.epochs} epochs done{more}")
    sys.stdout.flush()
