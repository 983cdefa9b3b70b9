"""What docs/gans.md says of the values and the methods of all variants, against the variants and their papers."""

import re
from pathlib import Path

import pytest

from pydl import gan, models
from pydl.models.gan import networks

PAGE = Path(__file__).resolve().parents[2] / "docs/gans.md"


@pytest.mark.parametrize(
    ("model", "paper"),
    [
        ("gan", {"optimizer": "sgd", "lr": 0.1, "beta1": 0.5, "batch_size": 100, "noise": 100, "hidden": [1200, 1200]}),
        ("cgan", {"optimizer": "sgd", "lr": 0.1, "beta1": 0.5, "batch_size": 100, "noise": 100}),
        ("pacgan", {"lr": 2e-4, "beta1": 0.5, "batch_size": 64, "noise": 100, "noise_kind": "uniform"}),
        ("dcgan", {"lr": 2e-4, "beta1": 0.5, "batch_size": 128, "noise": 100, "noise_kind": "uniform"}),
        ("lsgan", {"lr": 1e-3, "beta1": 0.5, "targets": "binary"}),
        ("wgan", {"lr": 5e-5, "clip": 0.01, "k": 5, "batch_size": 64, "noise": 100, "noise_kind": "normal"}),
        (
            "wgan-gp",
            {"lr": 1e-4, "beta1": 0.0, "beta2": 0.9, "penalty": 10.0, "k": 5, "batch_size": 64, "norm": "none"},
        ),
        ("dragan", {"lr": 1e-4, "beta1": 0.5, "beta2": 0.9, "penalty": 10.0, "k": 1, "batch_size": 128}),
        ("acgan", {"lr": 2e-4, "beta1": 0.5, "beta2": 0.999, "batch_size": 100}),
        ("infogan", {"lr": 2e-4, "lr_g": 1e-3, "noise": 62, "categories": 10, "codes": 2, "weight": 1.0, "head": 128}),
        ("ebgan", {"pull": 0.1, "margin": 10.0}),
        ("began", {"lr": 1e-4, "gamma": 0.5, "rate": 1e-3, "batch_size": 16}),
        (
            "unrolled-gan",
            {
                "lr": 1e-4,
                "lr_g": 1e-4,
                "beta1": 0.5,
                "unroll": 5,
                "noise": 256,
                "noise_kind": "normal",
                "batch_size": 512,
            },
        ),
        ("improved-gan", {"smooth": 0.9}),
        ("semi-gan", {"lr": 3e-3, "beta1": 0.5, "batch_size": 100, "epochs": 300, "labelled": 100, "follow": 0.9999}),
        (
            "stacked-gan",
            {"lr": 1e-4, "beta1": 0.5, "batch_size": 100, "epochs": 200, "conditional": 1.0, "entropy": 10.0},
        ),
        (
            "stylegan",
            {"beta1": 0.0, "beta2": 0.99, "r1": 10.0, "depth": 8, "mixing": 0.9, "truncation": 0.7, "noise": 512},
        ),
        (
            "cyclegan",
            {"lr": 2e-4, "beta1": 0.5, "cycle": 10.0, "identity": 0.5, "pool": 50, "epochs": 200, "batch_size": 2},
        ),
        ("spade", {"lr": 4e-4, "lr_g": 1e-4, "beta1": 0.0, "beta2": 0.9, "match": 10.0, "map_width": 128}),
    ],
)
def test_values_are_those_of_the_papers(model, paper):
    config = models.get(model).config(preset="paper")
    assert {name: config[name] for name in paper} == paper
    others = models.get(model).config(preset="paper", data="ring" if model != "unrolled-gan" else "digits")
    assert {**others, "data": config["data"]} == config


def test_the_page_has_the_papers_values_and_all_that_small_data_changes():
    """The table of values in docs/gans.md, against the entries of all variants."""
    page = PAGE.read_text(encoding="utf-8")
    table = page.partition("| variant | `--preset")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    entries = {name: models.get(name) for name in models.names() if models.get(name).sample is not None}
    assert {row[0].strip("`") for row in rows} == entries.keys()
    for name, paper, *small, _why in rows:
        entry = entries[name.strip("`")]
        config = entry.options(preset="paper")
        assert (shown := values(paper)) == {key: written(config[key]) for key in shown}
        for data_name, common, cell in zip(("digits", "ring"), (networks.DIGITS, networks.POINTS), small, strict=True):
            if cell != "images only":
                chosen = entry.options(data_name)
                own = {key for key in config if chosen[key] not in (config[key], common.get(key))} - {"data", "preset"}
                assert values(cell) == {key: written(chosen[key]) for key in own}, name


def values(cell):
    """What a cell says: `name value` `name value` …"""
    return dict(text.split(" ") for text in re.findall("`([^`]+)`", cell))


def written(value):
    """As `pydl train` takes it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


REPLACING = {
    "ConditionalTask": "ConditionalTask", "CGAN": "CGANTask", "ACGAN": "ACGANTask", "InfoGAN": "InfoTask",
    "EBGAN": "EnergyTask", "BEGAN": "EquilibriumTask", "WGAN": "ClippedTask", "unrolled": "UnrolledTask",
    "improved": "ImprovedTask", "semi": "SemiTask", "stacked": "StackedTask", "CycleGAN": "CycleTask",
    "SPADE": "SPADETask",
}  # fmt: skip


def test_the_page_says_which_methods_are_replaced_and_by_whom():
    """The table at the end of docs/gans.md, against the classes of all variants."""
    page = PAGE.read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.partition("| Method |")[2].splitlines()[2:]]
    known = {method for methods, _, _ in rows for method in re.findall(r"`(\w+)`", methods)}
    entries = [entry for entry in map(models.get, models.names()) if entry.sample is not None]
    kinds = {kind for entry in entries for kind in entry.build.__self__.task.__mro__ if issubclass(kind, gan.GANTask)}
    replaced = {kind.__name__: {*vars(kind)} & {*vars(gan.GANTask)} - {"__init__"} for kind in kinds - {gan.GANTask}}
    public = {name for own in replaced.values() for name in own if not name.startswith("_")}
    assert known == public
    for methods, _, replacing in rows:
        named = {REPLACING[word] for word in re.findall(r"\w+", replacing) if word in REPLACING}
        wanted = {kind for kind, own in replaced.items() if own & {*re.findall(r"`(\w+)`", methods)}}
        assert named == wanted, methods
