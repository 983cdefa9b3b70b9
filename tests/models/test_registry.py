"""The registry: names, options, and every entry built, trained for a step, saved and sampled from."""

import math

import numpy as np
import pytest

import pydl
from pydl import data, models
from pydl.models.registry import options


def small(name, **sizes):
    """A data set of `name` in its own shape, without its file."""
    shape, classes = sizes[name]
    rng = np.random.default_rng(0)
    labels = np.arange(64) % classes
    part = data.ArrayDataset(
        rng.random((64, *shape), np.float32), labels, name=name, classes=[*map(str, range(classes))]
    )
    return models.Data(part, part)


SIZES = {
    "digits": ((1, 8, 8), 10),
    "mnist": ((1, 28, 28), 10),
    "cifar10": ((3, 32, 32), 10),
    "iris": ((4,), 3),
    "ring": ((2,), 8),
}
FITS = [("mlp", name) for name in SIZES]
FITS += [(model, name) for model in ("perceptron", "adaline", "logistic", "softmax") for name in SIZES]
FITS += [("lenet", name) for name in ("digits", "mnist", "cifar10")]
FITS += [("gan", name) for name in ("digits", "mnist", "cifar10", "ring")]
FITS += [("dcgan", name) for name in ("digits", "mnist", "cifar10")]


@pytest.mark.parametrize(("model", "name"), FITS)
def test_build_step_and_state(model, name):
    entry = models.get(model)
    parts = small(name, **SIZES)
    config = models.complete(entry.config(data=name), parts)
    task = entry.build(parts, config)
    loader = data.DataLoader(parts.train, 8)
    figures = [task.step(batch) for batch, _ in zip(loader, range(2), strict=False)]
    assert all(math.isfinite(value) for result in figures for value in result.values())
    twin = entry.build(parts, entry.config(data=name, seed=1))
    twin.load_state_dict(task.state_dict())
    batch = next(iter(loader))
    assert twin.step(batch) == task.step(batch)
    if entry.sample is None:
        assert task.sample_grid() is None
        return
    samples = entry.sample(task.state_dict(), config, 3, 7)
    assert samples.shape == (3, *parts.train.image_shape)
    assert np.array_equal(samples, task.sample(3, seed=7))
    assert task.sample_grid().dtype == np.uint8
    if len(parts.train.image_shape) == 3:
        assert samples.min() >= 0
        assert samples.max() <= 1


@pytest.mark.parametrize("model", ["mlp", "lenet", "gan", "dcgan", "softmax"])
def test_first_losses_are_those_of_a_guess(model):
    entry, parts = models.get(model), small("digits", **SIZES)
    result = entry.build(parts, entry.config()).step(next(iter(data.DataLoader(parts.train, 32))))
    wanted = {"gan": 2 * math.log(2), "dcgan": 2 * math.log(2)}.get(model, math.log(10))
    assert abs(result["loss_d" if "loss_d" in result else "loss"] - wanted) < 0.5


def test_seed_decides_the_parameters():
    entry, parts = models.get("dcgan"), small("digits", **SIZES)
    first, again, other = (
        next(iter(entry.build(parts, entry.config(seed=seed)).generator.parameters())).detach().numpy()
        for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("dcgn", "dcgan"),
        ("LeNet5", "lenet"),
        ("nothing-like-it", "mlp"),
        ("VGG", "vgg11, vgg13, vgg16, vgg19, vgg11_bn"),
        ("resnet", "resnet18, resnet20"),
    ],
)
def test_unknown_name_lists_the_nearest(name, near):
    with pytest.raises(ValueError, match=rf"\[models.get\] expected a model such as .*{near}.*, got '{name}'"):
        models.get(name)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"epoch": 3}, ValueError, r"\[dcgan\] expected an option of epochs, got 'epoch'"),
        ({"epochs": 0}, ValueError, r"expected epochs as an integer in 1 … 2\^63 - 1, got 0"),
        ({"epochs": 1.5}, ValueError, r"expected epochs as an integer in 1 … 2\^63 - 1, got 1.5"),
        ({"lr": -1.0}, ValueError, r"expected lr as a finite number >= 0, got -1.0"),
        ({"lr": math.nan}, ValueError, r"expected lr as a finite number >= 0, got nan"),
        ({"lr": "fast"}, TypeError, r"expected lr as a number, got str"),
        ({"seed": -1}, ValueError, r"expected seed as an integer in 0 … 2\^64 - 1, got -1"),
        ({"data": 3}, TypeError, r"expected data as a string, got int"),
        ({"average": 1.5}, ValueError, r"\[dcgan\] expected average as a number in 0 … 1, got 1.5"),
        ({"lr_schedule": "cosin"}, ValueError, r"expected lr_schedule to be one of none, linear, .*, got 'cosin'"),
    ],
)
def test_options_are_checked(options, error, text):
    with pytest.raises(error, match=text):
        models.get("dcgan").config(**options)


@pytest.mark.parametrize(("model", "option"), [("stylegan", "mixing"), ("stacked-gan", "apart"), ("mlp", "dropout")])
def test_shares_are_at_most_one(model, option):
    assert models.get(model).config(**{option: 1.0})[option] == 1
    with pytest.raises(ValueError, match=rf"\[{model}\] expected {option} as a number in 0 … 1, got 3"):
        models.get(model).config(**{option: 3.0})


def test_every_option_is_explained_and_every_value_of_the_models_fits():
    used = set()
    for entry in map(models.get, models.names()):
        used |= {name for name in entry.defaults if options.of(entry.name, name).text}
        for name in {None, *entry.presets}:
            assert entry.config(**entry.options(name)) == entry.options(name)
        assert entry.config(**entry.options(None, "paper")) == entry.options(None, "paper")
    assert used == {name for name in options.OPTIONS if "." not in name}
    assert used == {name for model in models.names() for name in models.get(model).defaults}


def test_presets_follow_the_data_and_give_way_to_options():
    entry = models.get("dcgan")
    assert entry.options("digits")["batch_size"] != entry.options("mnist")["batch_size"]
    assert entry.config(data="mnist", batch_size=7)["batch_size"] == 7
    assert models.get("mlp").config(hidden=[3, 4])["hidden"] == [3, 4]
    with pytest.raises(ValueError, match=r"expected hidden as integers >= 1, got \[0\]"):
        models.get("mlp").config(hidden=[0])


def test_the_paper_s_values_are_those_of_no_data_set():
    entry = models.get("dcgan")
    for name in ("digits", "mnist", "moons"):
        config = entry.config(data=name, preset="paper", width=7)
        assert config == {**entry.defaults, "data": name, "preset": "paper", "width": 7}
    assert entry.config(data="digits", preset="data") == entry.config()
    assert models.get("gan").config(preset="paper")["optimizer"] == "sgd"
    assert models.get("resnet20").options("fashion-mnist", "paper")["batch_size"] == 128
    with pytest.raises(ValueError, match=r"\[dcgan\] expected preset to be one of data, paper, got 'papers'"):
        entry.config(preset="papers")
    with pytest.raises(ValueError, match=r"\[mlp\] expected an option of .*, got 'preset'"):
        models.get("mlp").config(preset="paper")


def test_every_model_with_a_paper_that_says_how_it_is_trained_has_its_values():
    without = {name for name in models.names() if "preset" not in models.get(name).defaults}
    assert without == {
        *("perceptron", "adaline", "logistic", "softmax", "mlp"), *("cnn", "lenet", "lenet5", "googlenet")
    }  # fmt: skip
    for name in set(models.names()) - without:
        assert models.get(name).config(preset="paper").keys() == models.get(name).defaults.keys()


def test_data_that_does_not_fit():
    for name, data_name in (("dcgan", "iris"), ("lenet", "iris")):
        entry = models.get(name)
        with pytest.raises(ValueError, match=rf"\[{name}\] expected"):
            entry.build(small(data_name, **SIZES), entry.config(data=data_name))
    with pytest.raises(
        ValueError, match=r"\[gan\] expected loss to be one of minimax, non-saturating, .* got 'saturating'"
    ):
        models.get("gan").build(small("digits", **SIZES), models.get("gan").config(loss="saturating"))


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (np.arange(64) % 11, r"expected test labels in 0 … 9, got 10 at position 10"),
        (np.arange(64) % 10 - 1, r"expected test labels in 0 … 9, got -1 at position 0"),
        (np.zeros(64), r"expected test labels as whole numbers, got float64 \(64,\)"),
        (np.zeros((64, 2), int), r"expected test labels as whole numbers, got int64 \(64, 2\)"),
    ],
)
def test_labels_that_are_no_classes_are_refused_before_training(labels, text):
    part = small("digits", **SIZES).train
    wrong = models.Data(part, data.ArrayDataset(part.data, labels, classes=part.classes))
    for name in ("mlp", "lenet", "dcgan"):
        with pytest.raises(ValueError, match=rf"\[complete\] {text}"):
            models.get(name).build(wrong, models.get(name).config())


def test_parts_of_different_shapes_are_refused_before_training():
    wrong = models.Data(small("digits", **SIZES).train, small("mnist", **SIZES).test)
    with pytest.raises(ValueError, match=r"\[complete\] expected test samples of shape \[1, 8, 8\], got \[1, 28, 28\]"):
        models.get("mlp").build(wrong, models.get("mlp").config())


def test_fixed_numbers_do_not_touch_numpy():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    entry, parts = models.get("gan"), small("digits", **SIZES)
    entry.build(parts, entry.config()).step(next(iter(data.DataLoader(parts.train, 8))))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert pydl.random.initial_seed() == 0
