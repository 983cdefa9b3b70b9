"""Each failure produced on purpose and caught; healthy runs left alone; a run that is watched is the same run."""

import io
import json

import numpy as np
import pytest

import pydl
from pydl import data, gan, models, nn, ops, optim, train
from pydl.data.toys import ring_centers
from pydl.gan.doctor import AILMENTS, Doctor


class Bounded(nn.Module):
    def forward(self, x):
        return ops.tanh(x) * 1.5


def points(count=1000, modes=8):
    rng = np.random.default_rng(0)
    centers = ring_centers(8)[rng.integers(0, modes, count)]
    return data.TensorDataset((centers + 0.05 * rng.normal(size=(count, 2))).astype(np.float32))


def task(lr_g, lr_d, objective=gan.NON_SATURATING, seed=0, adam=True, **options):
    pydl.manual_seed(seed)
    generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2), Bounded())
    discriminator = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2))
    discriminator.append(nn.Linear(32, 1))
    pairs = ((generator, lr_g), (discriminator, lr_d))
    optimizers = [optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.999)) for net, lr in pairs]
    noise = gan.Noise(4, "normal")
    return gan.GANTask(
        generator, discriminator, *optimizers, noise, objective=objective, centre=False, seed=seed, **options
    )


def watch(watched, dataset, steps, every=5, test=None, **options):
    """The doctor after `steps` steps of training, and what it said."""
    said = io.StringIO()
    doctor = Doctor(dataset, test, every=every, count=120, stream=said)
    loader = data.DataLoader(dataset, min(64, len(dataset)), shuffle=True, drop_last=True, seed=0)
    epochs = -(-steps // len(loader))
    train.fit(watched, loader, epochs, callbacks=[doctor, *options.get("callbacks", ())])
    return doctor, said.getvalue()


def test_mode_collapse():
    doctor, said = watch(task(1e-2, 1e-5), points(), 250)
    assert "collapse" in doctor.found
    assert "GAN doctor: mode collapse at step" in said
    assert "PacGAN" in said


class Counted(train.Callback):
    """Reports `counts` as the modes of the epochs, and keeps the doctor's words about them."""

    order = 10

    def __init__(self, counts):
        self.counts, self.said = counts, []

    def on_evaluate(self, loop):
        return {"modes": self.counts[loop.epoch]}

    def on_epoch_end(self, loop):
        self.said.append(loop.notes["doctor"])


def test_a_training_that_covers_few_modes_is_not_called_well():
    counted = Counted([1.0, 6.0, 7.0, 8.0, 6.0, 7.0])
    doctor = Doctor(points(), every=5, count=120, kinds=("modes", 8), stream=io.StringIO())
    loader = data.DataLoader(points(), 64, shuffle=True, drop_last=True, seed=0)
    train.fit(task(1e-3, 1e-3), loader, 6, callbacks=[doctor, counted])
    early = "[too early to tell]"
    assert doctor.found == {}
    assert counted.said == ["[1 of 8 modes]", "[6 of 8 modes]", early, early, "[6 of 8 modes]", "[well]"]


def test_vanishing_gradient():
    doctor, said = watch(task(1e-6, 5e-3, gan.MINIMAX), points(modes=1), 400)
    assert {"vanishing", "d_wins"} <= set(doctor.found)
    assert "non-saturating" in said


@pytest.mark.parametrize("objective", ["hinge", "least-squares"])
def test_a_discriminator_that_is_too_strong_in_other_games(objective):
    doctor, _ = watch(task(1e-6, 5e-3, gan.OBJECTIVES[objective]), points(modes=1), 200)
    assert "d_wins" in doctor.ailing


def test_a_discriminator_that_is_too_strong():
    doctor, said = watch(task(1e-6, 5e-3), points(modes=1), 200)
    assert "d_wins" in doctor.ailing
    assert "vanishing" not in doctor.found
    assert "D too strong" in said


@pytest.mark.parametrize("objective", sorted(gan.OBJECTIVES))
def test_a_generator_that_is_too_strong(objective):
    watched = task(1e-2, 1e-6, gan.OBJECTIVES[objective])
    watched.discriminator = nn.Linear(2, 1)
    watched.optimizer_d = optim.SGD(watched.discriminator.parameters(), lr=1e-6)
    with pydl.no_grad():  # says "real" where x > 1.3 only: there no real sample lies, and the generator goes there
        watched.discriminator.weight.copy_(pydl.from_numpy(np.array([[1.0, 0.0]], np.float32)))
        watched.discriminator.bias.fill_((watched.objective.threshold or 0.0) - 1.3)
    doctor, said = watch(watched, points(), 250)
    assert "g_wins" in doctor.found
    assert "worse than guessing" in said


def test_divergence():
    doctor, said = watch(task(1e-6, 1e-2, gan.WASSERSTEIN), points(modes=1), 300)
    assert "divergence" in doctor.ailing
    assert "gradient penalty" in said
    assert not {"d_wins", "g_wins"} & set(doctor.found)


@pytest.mark.parametrize("name", ["gan", "dragan", "wgan-gp"])
def test_divergence_that_begins_at_once(name):
    sets = models.Data(data.load("digits", "train"), data.load("digits", "test"))
    entry = models.get(name)
    watched = entry.build(sets, models.complete(entry.config(data="digits", lr=100.0), sets))
    doctor, said = watch(watched, sets.train, 100)
    assert "divergence" in doctor.found
    assert "lower the learning rates" in said


class Shift(nn.Module):
    """noise / 10 + θ: the Dirac GAN of Mescheder, Geiger and Nowozin 2018, with some width."""

    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(pydl.ones(1))

    def forward(self, noise):
        return noise * 0.1 + self.theta


def dirac(penalties=(), lr=0.1):
    pydl.manual_seed(0)
    generator, discriminator = Shift(), nn.Linear(1, 1, bias=False)
    optimizers = [optim.SGD(net.parameters(), lr=lr) for net in (generator, discriminator)]
    options = {"objective": gan.WASSERSTEIN, "centre": False, "penalties": penalties}
    return gan.GANTask(generator, discriminator, *optimizers, gan.Noise(1, "normal"), **options)


def test_oscillation_of_the_dirac_gan_and_its_cure():
    line = data.TensorDataset((0.1 * np.random.default_rng(0).normal(size=(1000, 1))).astype(np.float32))
    doctor, said = watch(dirac(), line, 600)
    assert set(doctor.found) == {"oscillation"}
    # The loss is the product of two numbers that turn by 0.1 a step: π / 0.1 steps
    assert f"period of {np.pi / 0.1:.0f}" in said
    cured, said = watch(dirac([gan.zero_centred_penalty(10.0)]), line, 600)
    assert (cured.found, said) == ({}, "")


def test_an_oscillation_with_a_long_period():
    line = data.TensorDataset((0.1 * np.random.default_rng(0).normal(size=(1000, 1))).astype(np.float32))
    doctor, said = watch(dirac(lr=0.02), line, 1500)
    assert "oscillation" in doctor.found
    period = float(said.split("period of ")[1].split()[0])
    assert period == pytest.approx(np.pi / 0.02, rel=0.15)


class Lookup(nn.Module):
    """One of `images`, by the largest number of the noise."""

    def __init__(self, images):
        super().__init__()
        self.images = nn.Parameter(pydl.from_numpy(images))

    def forward(self, noise):
        return ops.softmax(noise * 1000.0, 1) @ self.images


@pytest.mark.parametrize("classes", [[1], [8], [2, 3, 4], [0, 1, 2, 3, 4, 5, 6, 7]])
def test_classes_that_are_missing_however_different_the_samples_are(classes):
    train_set = data.load("digits", "train")
    images, labels = train_set.batch(np.arange(len(train_set)))
    shown = images[np.isin(labels, classes)].reshape(-1, 64)
    pydl.manual_seed(0)
    networks = Lookup(shown), nn.Linear(64, 1)
    optimizers = [optim.SGD(net.parameters(), lr=1e-6) for net in networks]
    watched = gan.GANTask(*networks, *optimizers, gan.Noise(len(shown)), centre=False)
    flat = data.TensorDataset(images.reshape(-1, 64), labels)
    doctor, said = watch(watched, flat, 100)
    few = len(classes) <= 5
    assert ("collapse" in doctor.found) is few
    assert ("of its 10 classes or modes" in said) is few
    assert (doctor.series["shown"][-1] <= 5) is few


@pytest.mark.parametrize("copies", [True, False])
def test_memorising(copies):
    images = data.load("digits", "train").batch(np.arange(900))[0].reshape(900, -1)
    known, fresh, test = images[:300], images[300:600], data.TensorDataset(images[600:])
    pydl.manual_seed(0)
    networks = Lookup(known if copies else fresh), nn.Linear(64, 1)
    optimizers = [optim.SGD(net.parameters(), lr=1e-3) for net in networks]
    watched = gan.GANTask(*networks, *optimizers, gan.Noise(300), centre=False)
    doctor, said = watch(watched, data.TensorDataset(known), 20, test=test)
    assert ("memorising" in doctor.ailing) is copies
    assert ("memorising" in said) is copies


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_healthy_run_on_points_stays_quiet(seed):
    watched = task(2e-3, 2e-3, seed=seed, penalties=[gan.zero_centred_penalty(1.0)])
    doctor, said = watch(watched, points(), 600, every=10)
    assert (doctor.found, said) == ({}, "")
    assert doctor.series["variety"][-1] > np.sqrt(doctor.variety_real)


def test_a_healthy_run_on_digits_stays_quiet():
    sets = models.Data(data.load("digits", "train"), data.load("digits", "test"))
    entry = models.get("gan")
    watched = entry.build(sets, models.complete(entry.config(data="digits"), sets))
    doctor, said = watch(watched, sets.train, 300, every=20, test=sets.test)
    assert (doctor.found, said) == ({}, "")


def test_figures_words_and_the_log(tmp_path):
    stream = io.StringIO()
    log = train.JsonlLog(tmp_path / "log")
    callbacks = [log, train.Progress(stream, seconds=1000)]
    watch(task(1e-2, 1e-5), points(), 90, callbacks=callbacks)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    checked = [line for line in lines if "doctor/variety" in line]
    assert [line["step"] for line in checked] == list(range(5, 91, 5))
    assert {f"doctor/{kind}" for kind in AILMENTS} <= set(checked[-1])
    assert checked[-1]["doctor/collapse"] == 1.0
    assert {"gradient/g.0", "gradient/g.4", "gradient/d.4"} <= set(checked[0])
    assert "[mode collapse" in stream.getvalue()
    assert "doctor/" not in stream.getvalue()


def test_a_watched_run_is_the_same_run():
    states = []
    for callbacks in ([], [Doctor(points(), every=5, count=60, stream=io.StringIO())]):
        watched = task(1e-2, 1e-5)
        train.fit(watched, data.DataLoader(points(), 64, seed=0), 3, callbacks=callbacks)
        states.append(repr(watched.state_dict()))
    assert states[0] == states[1]


def test_a_watched_run_resumes_as_if_it_had_not_stopped(tmp_path):
    def trained(folder, epochs, start=None):
        doctor = Doctor(points(), every=7, count=60, stream=io.StringIO())
        log = train.JsonlLog(folder / "log")
        keep = train.PeriodicCheckpoint(folder / "c", every=25)
        loader = data.DataLoader(points(), 64, shuffle=True, seed=0)
        train.fit(task(1e-2, 1e-5), loader, epochs, callbacks=[doctor, log, keep], start=start)
        lines = [{k: v for k, v in line.items() if k != "time"} for line in train.read_log(folder / "log")]
        return lines, doctor

    folders = [tmp_path / name for name in ("straight", "halved")]
    for folder in folders:
        folder.mkdir()
    lines, doctor = trained(folders[0], 9)
    trained(folders[1], 5)
    again, resumed = trained(folders[1], 9, pydl.load(folders[1] / "c"))
    assert "collapse" in doctor.found
    assert (again, resumed.ailing, resumed.found) == (lines, doctor.ailing, doctor.found)
    assert repr(resumed.state_dict()) == repr(doctor.state_dict())


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"every": 0}, ValueError, "every to be an integer >= 1, got 0"),
        ({"every": 1.5}, TypeError, "every to be an integer >= 1, got float"),
        ({"count": 1}, ValueError, "count"),
    ],
)
def test_wrong_options(options, error, match):
    with pytest.raises(error, match=match):
        Doctor(points(), **options)


def test_a_training_set_of_one_is_refused():
    with pytest.raises(ValueError, match="at least 2 samples, got 1"):
        Doctor(points(1))
