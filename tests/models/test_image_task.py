"""How convolutional networks are trained by name: images, losses, refusals, and that they learn."""

import math

import numpy as np
import pytest

import pydl
from pydl import cli, data, models
from pydl.models.registry import image_task
from pydl.train import LearningRateSchedule, fit

RNG = np.random.default_rng(0)


def parts(*shape, n=64, classes=10):
    """Random images of one shape, as whole numbers from 0 to 255."""
    images, labels = RNG.integers(0, 256, (n, *shape), dtype=np.uint8), np.arange(n) % classes
    names = [*map(str, range(classes))]
    part = data.ArrayDataset(images, labels, transform=data.transforms.ToTensor(), classes=names)
    return models.Data(part, part)


def test_images_are_standardised_by_the_training_part():
    train, test = parts(3, 8, 8, n=5000).train, parts(3, 8, 8).test
    test.arrays[0][:] //= 2
    sets = image_task.prepare(models.Data(train, test), {"augment": "none"})
    images = sets.train.batch(np.arange(5000))[0]
    assert images.dtype == np.float32
    assert images.mean((0, 2, 3)) == pytest.approx([0, 0, 0], abs=1e-5)
    assert images.std((0, 2, 3)) == pytest.approx([1, 1, 1], abs=1e-5)
    assert sets.test.batch(np.arange(64))[0].mean() < -0.5
    assert train.batch(np.arange(5))[0].min() >= 0  # the data that was given is as it was


def test_a_constant_channel_is_left_alone():
    blank = data.ArrayDataset(np.full((4, 1, 2, 2), 7.0, np.float32), np.arange(4))
    assert image_task.channel_statistics(blank) == ([7.0], [1.0])


@pytest.mark.parametrize(("augment", "kinds"), [("crop", 81), ("flip", 2), ("crop-flip", 162)])
def test_augmentation_crops_and_mirrors_the_training_part_alone(augment, kinds):
    sets = image_task.prepare(parts(1, 32, 32, n=2), {"augment": augment})
    plain = image_task.prepare(parts(1, 32, 32, n=2), {"augment": "none"})
    first = sets.train.batch(np.zeros(2000, np.int64))[0]
    distinct = {image.tobytes() for image in first}
    assert kinds * 0.9 < len(distinct) <= kinds  # 9 · 9 windows, each of them mirrored
    original = sets.test.batch(np.arange(2))[0]
    assert np.array_equal(original, sets.test.batch(np.arange(2))[0])
    assert original.shape == plain.train.batch(np.arange(2))[0].shape == (2, 1, 32, 32)


FITS = [
    (name, (1, 8, 8)) for name in ("lenet", "cnn", "lenet5", "alexnet", "vgg11", "googlenet", "resnet18", "resnet20")
]


@pytest.mark.parametrize(("name", "shape"), [*FITS, ("vgg11_bn", (3, 32, 32)), ("plain20", (3, 32, 32))])
def test_first_losses_are_those_of_a_guess(name, shape):
    entry, sets = models.get(name), parts(*shape, n=20)
    sets = entry.prepare(sets, entry.config())
    task = entry.build(sets, entry.config())
    result = task.step(next(iter(data.DataLoader(sets.train, 8))))
    guess = math.log(10) * (1.6 if name == "googlenet" else 1)
    assert abs(result["loss"] - guess) < (0.5 if name in ("alexnet", "googlenet") or "vgg" in name else 4)
    assert set(task.evaluate()) == {"test_loss", "test_accuracy"}


@pytest.mark.parametrize(
    ("name", "options"), [("lenet", {}), ("cnn", {"width": 8}), ("lenet5", {}), ("resnet20", {"width": 4})]
)
def test_a_network_learns_the_digits(name, options):
    entry = models.get(name)
    config = entry.config(epochs=4, batch_size=32, **options)
    sets = entry.prepare(models.Data(data.load("digits"), data.load("digits", "test")), config)
    task = entry.build(sets, config)
    loader = data.DataLoader(sets.train, 32, shuffle=True, drop_last=True, seed=0)
    schedule = LearningRateSchedule([task.optimizer], config["lr_schedule"])
    assert fit(task, loader, 4, callbacks=[schedule])["test_accuracy"][-1] > 0.8


def test_the_loss_counts_auxiliary_heads():
    scores, targets = pydl.tensor(RNG.standard_normal((4, 3))), pydl.tensor([0, 2, 1, 1])
    alone = image_task.loss(scores, targets).item()
    assert image_task.loss((scores, scores, scores), targets).item() == pytest.approx(1.6 * alone)


@pytest.mark.parametrize(
    ("name", "shape", "text"),
    [
        ("alexnet", (4,), r"\[alexnet\] expected images \(C, H, W\), got samples of shape \(4,\)"),
        ("vgg16", (2,), r"\[vgg16\] expected images"),
        ("googlenet", (2,), r"\[googlenet\] expected images"),
        ("resnet34", (4,), r"\[resnet34\] expected images"),
        ("plain110", (4,), r"\[plain110\] expected images"),
        ("alexnet", (3, 40, 40), r"\[alexnet\] expected images of 1 … 32 or at least 63 pixels a side, got shape"),
        ("lenet5", (1, 40, 40), r"\[lenet5\] expected images of 1 … 32 pixels a side, got shape \(1, 40, 40\)"),
    ],
)
def test_data_that_does_not_fit(name, shape, text):
    entry = models.get(name)
    with pytest.raises(ValueError, match=text):
        entry.build(parts(*shape), entry.config())


def test_no_images_are_refused():
    entry, sets = models.get("cnn"), parts(1, 8, 8)
    none = data.ArrayDataset(*(array[:0] for array in sets.train.arrays), classes=sets.train.classes)
    with pytest.raises(ValueError, match=r"\[prepare\] expected at least one image to train on, got none"):
        entry.prepare(models.Data(none, sets.test), entry.config())


def test_one_class_is_refused():
    entry = models.get("resnet20")
    with pytest.raises(ValueError, match="expected data with labels of at least 2 classes, got 1"):
        entry.build(parts(1, 8, 8, classes=1), entry.config())


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        ("alexnet --data iris", "[alexnet] expected images (C, H, W), got samples of shape (4,)"),
        ("plain20 --augment mirror", "expected augment to be one of none, crop, flip, crop-flip, got 'mirror'"),
        ("resnet20 --lr-schedule steps", "expected lr_schedule to be one of none, linear"),
        ("resnet21", "expected a model such as resnet"),
        ("vgg11 --width 3", "'width'"),
    ],
)
def test_the_command_refuses_before_training(capsys, tmp_path, monkeypatch, argv, text):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", *argv.split()]) == 2
    assert text in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_run_is_resumed_by_the_command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["resnet20", "--width", "1", "--augment", "crop-flip", "--batch-size", "700"]
    assert cli.main(["train", *options, "--epochs", "1", "--out", "a"]) == 0
    assert cli.main(["train", "--resume", "a", "--epochs", "2"]) == 0
    state = pydl.load("a/checkpoint.safetensors")
    assert state["progress"]["step"] == 4
