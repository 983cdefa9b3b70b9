"""Every GAN of the registry: trained for steps on images and on points, gone on with bit for bit, sampled from."""

import math

import numpy as np
import pytest

import pydl
from pydl import cli, data, models, train
from pydl.gan.trainer import draw

CONDITIONAL = ("cgan", "acgan")
VARIANTS = ("lsgan", "wgan", "wgan-gp", "dragan", *CONDITIONAL, "infogan", "ebgan", "began", "pacgan")
VARIANTS += ("unrolled-gan", "improved-gan", "semi-gan", "stacked-gan")
IMAGES_ONLY = ("stylegan", "cyclegan", "spade")
CASES = [(model, name) for model in VARIANTS for name in ("digits", "ring")]
CASES += [(model, "digits") for model in IMAGES_ONLY]
FAST = {"width": 4, "noise": 8, "hidden": [8, 8], "batch_size": 8}
OWN = {
    "cyclegan": {"pool": 5},
    "spade": {"map_width": 4},
    "stacked-gan": {"features": 6, "encoder_steps": 3, "apart": 0.05, "epochs": 5},
    "semi-gan": {"labelled": 40},
    "improved-gan": {"references": 4, "history": 0.1, "match": 1.0},
}


def parts_of(name):
    rng = np.random.default_rng(0)
    shape, classes = {"digits": ((1, 8, 8), 10), "ring": ((2,), 8), "bare": ((1, 8, 8), 0)}[name]
    labels = np.arange(64) % max(classes, 1)
    names = [*map(str, range(classes))]
    part = data.ArrayDataset(rng.random((64, *shape), np.float32), labels, name=name, classes=names)
    return models.Data(part, part)


def make(model, name="digits", **options):
    entry, parts = models.get(model), parts_of(name)
    own = {key: value for key, value in {**FAST, **OWN.get(model, {})}.items() if key in entry.defaults}
    chosen = {key: value for key, value in {**own, **options}.items() if value is not None}
    config = models.complete(entry.config(data=name, **chosen), parts)
    return entry.build(parts, config), list(data.DataLoader(parts.train, 8, shuffle=True)), config


def same(first, second):
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    return np.array_equal(np.asarray(first), np.asarray(second))


@pytest.mark.parametrize(("model", "name"), CASES)
def test_goes_on_bit_for_bit(model, name, tmp_path):
    task, batches, config = make(model, name)
    half = task.k + 1
    figures = [task.step(batch) for batch in batches[:half]]
    pydl.save(task.state_dict(), tmp_path / "state.safetensors")
    twin, _, _ = make(model, name, seed=9)
    twin.load_state_dict(pydl.load(tmp_path / "state.safetensors"))
    rest = [(task.step(batch), twin.step(batch)) for batch in batches[half : half + task.k + 1]]
    assert all(ours == others for ours, others in rest)
    assert same(task.state_dict(), twin.state_dict())
    assert all(math.isfinite(value) for result in figures for value in result.values())
    samples = models.get(model).sample(task.state_dict(), config, 5, 7)
    assert samples.shape == (5, *config["shape"])
    assert np.array_equal(samples, task.sample(5, seed=7))
    assert task.sample_grid().dtype == np.uint8


@pytest.mark.parametrize("norm", ["none", "spectral"])
@pytest.mark.parametrize("model", ["lsgan", "acgan", "ebgan", "pacgan", "gan", "unrolled-gan", "improved-gan"])
def test_norms_and_slopes_are_options_of_all(model, norm):
    own = {"norm": norm, **({"width": None} if model == "gan" else {})}
    task, batches, _ = make(model, r1=10.0, **own)
    states = task.discriminator.state_dict()
    assert any(name.endswith("weight_u") for name in states) == (norm == "spectral")
    assert not any("running_mean" in name for name in states)
    assert task.step(batches[0])["loss_d"] > make(model, **own)[0].step(batches[0])["loss_d"]


@pytest.mark.parametrize("model", CONDITIONAL)
def test_generated_classes_are_those_of_the_batch(model):
    task, batches, _ = make(model)
    real = task.read(batches[0])
    assert np.array_equal(real.given.numpy().argmax(1), batches[0][1].numpy())
    fake = task.generate(task.latent(real))
    assert np.array_equal(fake.given.numpy(), real.given.numpy())
    grid = task.generate(task.fixed_noise)
    assert np.array_equal(grid.given.numpy().argmax(1), np.arange(len(grid.given.numpy())) % 10)


@pytest.mark.parametrize("model", CONDITIONAL)
def test_data_without_classes_is_refused(model):
    with pytest.raises(ValueError, match=r"\[gan\] expected data with labels of 2 classes or more, got .* with 0"):
        make(model, "bare")


@pytest.mark.parametrize("model", CONDITIONAL)
def test_classes_out_of_range_are_refused(model):
    task, batches, _ = make(model)
    with pytest.raises((ValueError, IndexError), match="one_hot"):
        task.step((batches[0][0], pydl.full((8,), 10, dtype=pydl.int64)))


def test_clipped_weights():
    task, batches, _ = make("wgan")
    for batch in batches[:2]:
        task.step(batch)
        largest = max(float(np.abs(p.detach().numpy()).max()) for p in task.discriminator.parameters())
        assert largest == np.float32(task.clip)


def test_information_codes_are_drawn_and_found_again():
    task, batches, _ = make("infogan")
    latent = task.latent(task.read(batches[0]))
    given = latent.numpy()[:, 8:]
    assert given.shape == (8, 12)
    assert np.array_equal(given[:, :10].sum(1), np.ones(8))
    assert set(np.unique(given[:, :10])) == {0, 1}
    assert (np.abs(given[:, 10:]) <= 1).all()
    moved = [p for name, p in task.discriminator.named_parameters() if name.startswith("head")]
    before = [p.detach().numpy().copy() for p in moved]
    task.discriminator_step(task.read(batches[0]))
    assert all(not np.array_equal(b, p.detach().numpy()) for b, p in zip(before, moved, strict=True))


def test_balance_of_began_moves_by_its_rule_and_stays_in_range():
    task, batches, _ = make("began", rate=0.5, gamma=0.5, norm="none")
    assert task.balance.item() == 0.0
    result = task.step(batches[0])
    wanted = np.float32(min(max(0.5 * (0.5 * result["d_real"] - result["loss_g"]), 0.0), 1.0))
    assert result["k_t"] == task.balance.item() == wanted
    assert result["m"] == result["d_real"] + abs(0.5 * result["d_real"] - result["loss_g"])
    task.real_loss, task.loss_g = 9.0, 0.0
    task.balance.fill_(0.9)
    task.after_generator()
    assert task.balance.item() == 1.0
    task.real_loss, task.loss_g = 0.0, 9.0
    task.after_generator()
    assert task.balance.item() == 0.0


def test_packs_are_samples_that_follow_each_other():
    task, batches, _ = make("pacgan", pack=4)
    images = task.read(batches[0]).data
    assert task.score(task.read(batches[0])).shape == (2, 1)
    packed = task.discriminator.network(pydl.cat([images[:4].reshape(1, 4, 8, 8), images[4:].reshape(1, 4, 8, 8)]))
    assert np.array_equal(packed.detach().numpy(), task.discriminator(images).detach().numpy())
    with pytest.raises(ValueError, match=r"\[pacgan\] expected batch_size as a multiple of pack, 3, got 8"):
        make("pacgan", pack=3)
    with pytest.raises(ValueError, match=r"\[Packed\] expected a batch that 4 divides, got 6"):
        task.discriminator(images[:6])


def test_energy_is_a_norm_for_each_sample():
    for model, wanted in (("ebgan", lambda lost: np.sqrt((lost**2).sum(1))), ("began", lambda lost: abs(lost).mean(1))):
        network = make(model)[0].discriminator.eval()
        images = pydl.rand(3, 1, 8, 8)
        lost = (images - network.decoder(network.encoder(images))).detach().numpy().reshape(3, -1)
        np.testing.assert_allclose(network(images).detach().numpy()[:, 0], wanted(lost), rtol=1e-5)


def test_least_squares_targets():
    real, fake = pydl.tensor([[3.0]]), pydl.tensor([[2.0]])
    for targets, wanted in (("binary", (0.5 * 4 + 0.5 * 4, 0.5)), ("pearson", (0.5 * 4 + 0.5 * 9, 2.0))):
        objective = make("lsgan", targets=targets)[0].objective
        assert (objective.discriminator(real, fake).item(), objective.generator(fake).item()) == wanted
    with pytest.raises(ValueError, match=r"\[lsgan\] expected targets to be one of .*pearson.*, got 'pearsn'"):
        make("lsgan", targets="pearsn")


def test_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--data", "ring", "--epochs", "1", "--batch-size", "5000", "--hidden", "8", "--out", "run"]
    assert cli.main(["train", "infogan", *options]) == 0
    assert "modes" in capsys.readouterr().out
    assert cli.main(["sample", "run", "--count", "50", "--out", "x.png"]) == 0
    assert capsys.readouterr().out == "x.png: 50 samples of infogan trained on ring\n"


def test_perceptrons_have_no_batch_norm_to_ask_for():
    with pytest.raises(ValueError, match=r"\[gan\] expected norm to be one of none, spectral, got 'batch'"):
        make("gan", width=None, norm="batch")
    with pytest.raises(ValueError, match=r"\[lsgan\] expected norm to be one of batch, none, spectral, got 'layer'"):
        make("lsgan", norm="layer")


def test_losses_of_the_class_more():
    task, batches, _ = make("semi-gan")
    for module in task.discriminator.modules():
        if type(module).__name__ == "Corrupted":
            module.std = 0.0
    task.discriminator.double()
    task.images = task.images.double()
    real, fake = (pydl.rand(8, 1, 8, 8, dtype=pydl.float64) for _ in range(2))
    chosen = pydl.randint(0, 40, (8,), generator=pydl.random.Generator(5)).numpy()
    task.rng.set_state(pydl.random.Generator(5).get_state())
    task.penalties = ()
    loss, _ = task.discriminator_loss(type(task.read(batches[0]))(real), type(task.read(batches[0]))(fake))

    def probabilities(images):
        scores = task.discriminator(images).detach().numpy()
        full = np.exp(np.concatenate([scores, np.zeros((8, 1))], 1))
        return full / full.sum(1, keepdims=True)

    named = probabilities(task.images[pydl.tensor(chosen)])
    known = named[range(8), task.labels.numpy()[chosen]] / (1 - named[:, 10])
    wanted = -np.log(known).mean() - 0.5 * np.log(1 - probabilities(real)[:, 10]).mean()
    np.testing.assert_allclose(loss.item(), wanted - 0.5 * np.log(probabilities(fake)[:, 10]).mean(), rtol=1e-10)


def test_few_labels_are_as_many_of_each_class():
    task, batches, _ = make("semi-gan", follow=0.0)
    assert np.bincount(task.labels.numpy()).tolist() == [4] * 10
    for batch in batches:
        result = task.step(batch)
    assert math.isfinite(result["class_loss"])
    error = task.evaluate()["test_error"]
    assert 0 <= error <= 1
    with pytest.raises(ValueError, match=r"\[semi-gan\] expected labelled as a multiple of 10 up to 60, got 55"):
        make("semi-gan", labelled=55)


@pytest.mark.parametrize("name", ["digits", "ring", "grid", "moons", "xor", "iris"])
def test_few_labels_by_default_are_as_many_of_each_class_that_the_data_has(name):
    entry, sets = models.get("semi-gan"), models.Data(data.load(name, "train"), data.load(name, "test"))
    task = entry.build(sets, models.complete(entry.config(data=name, hidden=[4]), sets))
    counts = np.bincount(task.labels.numpy())
    assert len(counts) == len(sets.train.classes)
    assert counts.min() == counts.max() > 0


def test_virtual_batch_norm_makes_each_sample_alone():
    task, _, _ = make("improved-gan")
    noise = pydl.rand(6, 8)
    together = task.generator(noise).detach().numpy()
    alone = [task.generator(noise[i : i + 1]).detach().numpy() for i in range(6)]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-4, atol=1e-6)
    assert not any("running_mean" in name for name in task.generator.state_dict())


@pytest.mark.parametrize(
    ("model", "match"),
    [
        ("gan", r"\[batch_norm\] expected more than 1 value per channel"),
        ("infogan", r"\[batch_norm\] expected more than 1 value per channel"),
        ("semi-gan", r"\[batch_norm\] expected more than 1 value per channel"),
        ("stacked-gan", r"\[batch_norm\] expected more than 1 value per channel"),
        ("ebgan", r"\[ebgan\] expected batch_size >= 2 where pull is not 0, got 1"),
        ("cyclegan", r"\[CycleTask\] expected batches of two images or more, got 1"),
    ],
)
def test_batches_that_are_too_small_are_refused_before_training(model, match):
    with pytest.raises(ValueError, match=match):
        make(model, batch_size=1, **({"width": None} if model == "gan" else {}))


@pytest.mark.parametrize("model", IMAGES_ONLY)
def test_what_needs_images_refuses_points(model):
    with pytest.raises(ValueError, match=rf"\[{model}\] expected .*images .*, got samples of shape \(2,\)"):
        make(model, "ring")


def images_alone(classes=()):
    part = data.ArrayDataset(np.random.default_rng(0).random((64, 1, 8, 8), np.float32), name="own", classes=classes)
    return models.Data(part, part)


@pytest.mark.parametrize("model", [*CONDITIONAL, "semi-gan", "stacked-gan", "spade"])
def test_what_needs_labels_refuses_images_without(model):
    with pytest.raises(ValueError, match=r"\[gan\] expected data with labels of 2 classes or more"):
        make(model, "bare")
    for classes in ((), "0123456789"):
        with pytest.raises(ValueError, match="expected data with labels of 2 classes or more, got own with 0"):
            models.get(model).build(images_alone(classes), models.get(model).config(data="own"))


@pytest.mark.parametrize("model", ["cyclegan", "dcgan", "infogan"])
def test_what_needs_no_labels_trains_on_images_alone(model):
    entry, parts = models.get(model), images_alone("0123456789")
    config = entry.config(data="own", **{k: v for k, v in FAST.items() if k in entry.defaults})
    task = entry.build(parts, config)
    history = train.fit(task, data.DataLoader(parts.train, 8), 1, callbacks=entry.callbacks(parts, config))
    assert math.isfinite(history["loss_g"][0])
    assert task.sample(3).shape == (3, 1, 8, 8)


@pytest.mark.parametrize(
    ("model", "name"), [("gan", "ring"), ("dcgan", "digits"), ("cgan", "digits"), ("stylegan", "digits")]
)
def test_a_walk_begins_and_ends_at_samples_and_keeps_what_follows_the_noise(model, name):
    task, _, config = make(model, name)
    variant = models.get(model).walk.__self__
    walk = variant.walk(task.state_dict(), config, 3, 4, 7)
    assert walk.shape == (12, *config["shape"])
    latent, rng = variant.latent(config), pydl.random.Generator(7)
    starts, ends = (latent(3, rng).numpy() for _ in range(2))
    ends[:, latent.size :] = starts[:, latent.size :]
    for part, wanted in ((walk[::4], starts), (walk[3::4], ends)):
        made = draw(task.sampler(), pydl.from_numpy(wanted), task.centre)
        np.testing.assert_allclose(part, made, rtol=0, atol=1e-5)
    assert np.abs(walk[1::4] - walk[::4]).max() > 0
    assert np.array_equal(walk, variant.walk(task.state_dict(), config, 3, 4, 7))


@pytest.mark.parametrize("model", ["cyclegan", "spade", "mlp"])
def test_what_has_no_latents_cannot_be_walked(model):
    assert models.get(model).walk is None


@pytest.mark.parametrize("model", ["gan", "wgan-gp", "pacgan", "unrolled-gan", "began"])
def test_points_are_scaled_on_both_sides(model):
    (plain, batches, _), (wide, _, _) = make(model, "ring"), make(model, "ring", scale=4.0)
    noise = plain.fixed_noise[:6]
    assert np.array_equal(wide.generator(noise).detach().numpy(), 4 * plain.generator(noise).detach().numpy())
    points = plain.read(batches[0])
    logits = plain.score(points).detach().numpy(), wide.score(type(points)(points.data * 4.0)).detach().numpy()
    np.testing.assert_allclose(logits[1], logits[0] * (4 if model == "began" else 1), rtol=1e-5)
    with pytest.raises(ValueError, match=r"\[gan\] expected scale > 0, got 0.0"):
        make(model, "ring", scale=0.0)


def test_the_critic_of_points_has_slopes_to_follow():
    entry, sets = models.get("wgan"), models.Data(data.load("ring", "train"), data.load("ring", "test"))
    slopes = {}
    for clip in (entry.options("ring")["clip"], entry.options(preset="paper")["clip"]):
        task = entry.build(sets, models.complete(entry.config(data="ring", clip=clip), sets))
        for batch, _ in zip(data.DataLoader(sets.train, 256, shuffle=True, seed=0), range(20), strict=False):
            task.step(batch)
        points = pydl.tensor(sets.test.data[:100]).requires_grad_()
        (slope,) = pydl.grad(task.discriminator(points).sum(), [points])
        slopes[clip] = slope.norm(2, 1).mean().item()
    assert slopes[0.3] > 0.3
    assert slopes[0.01] < 1e-3
