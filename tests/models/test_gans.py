"""Every GAN of the registry: trained for steps on images and on points, gone on with bit for bit, sampled from."""

import math

import numpy as np
import pytest

import pydl
from pydl import cli, data, models

CONDITIONAL = ("cgan", "acgan")
VARIANTS = ("lsgan", "wgan", "wgan-gp", "dragan", *CONDITIONAL, "infogan", "ebgan", "began", "pacgan")
FAST = {"width": 4, "noise": 8, "hidden": [8, 8], "batch_size": 8}


def parts_of(name):
    rng = np.random.default_rng(0)
    shape, classes = {"digits": ((1, 8, 8), 10), "ring": ((2,), 8), "bare": ((1, 8, 8), 0)}[name]
    labels = np.arange(64) % max(classes, 1)
    names = [*map(str, range(classes))]
    part = data.ArrayDataset(rng.random((64, *shape), np.float32), labels, name=name, classes=names)
    return models.Data(part, part)


def make(model, name="digits", **options):
    entry, parts = models.get(model), parts_of(name)
    chosen = {key: value for key, value in {**FAST, **options}.items() if value is not None}
    config = models.complete(entry.config(data=name, **chosen), parts)
    return entry.build(parts, config), list(data.DataLoader(parts.train, 8, shuffle=True)), config


def same(first, second):
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    return np.array_equal(np.asarray(first), np.asarray(second))


@pytest.mark.parametrize("name", ["digits", "ring"])
@pytest.mark.parametrize("model", VARIANTS)
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
@pytest.mark.parametrize("model", ["lsgan", "acgan", "ebgan", "pacgan", "gan"])
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
    with pytest.raises(ValueError, match=r"\[gan\] expected data with 2 classes or more, got .* with 0"):
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
        assert largest == np.float32(0.01)


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
    before = task.balance
    assert before == 0.0
    result = task.step(batches[0])
    wanted = min(max(0.5 * (0.5 * result["d_real"] - result["loss_g"]), 0.0), 1.0)
    assert result["k_t"] == task.balance == wanted
    assert result["m"] == result["d_real"] + abs(0.5 * result["d_real"] - result["loss_g"])
    task.real_loss, task.loss_g, task.balance = 9.0, 0.0, 0.9
    task.after_generator()
    assert task.balance == 1.0
    task.real_loss, task.loss_g = 0.0, 9.0
    task.after_generator()
    assert task.balance == 0.0


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
    with pytest.raises(ValueError, match=r"\[gan\] expected targets to be one of pearson, got 'pearsn'"):
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
    with pytest.raises(ValueError, match=r"\[gan\] expected norm to be one of batch, none, spectral, got 'layer'"):
        make("lsgan", norm="layer")
