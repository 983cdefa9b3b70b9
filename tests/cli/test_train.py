"""`pydl train` and `pydl sample`: run folders, resumption after signals and kills, errors."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

import pydl
from pydl import cli, data, models
from pydl.cli.sample import drawn
from pydl.cli.train import _remedy as remedy
from pydl.train import DivergenceError, read_log

MLP = ["train", "mlp", "--data", "iris", "--batch-size", "16", "--hidden", "16", "--lr", "0.01"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def start(*argv):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "pydl", *argv]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def wait_for_steps(process, folder, more):
    """Let `process` write `more` lines of its log."""
    wanted = lines_of(folder) + more
    while process.poll() is None and lines_of(folder) < wanted:
        time.sleep(0.005)


def lines_of(folder):
    log = os.path.join(folder, "metrics.jsonl")
    return len(read_log(log)) if os.path.exists(log) else 0


def result(folder):
    """What must not depend on interruptions."""
    states = []
    for name in ("checkpoint", "best"):
        if os.path.exists(f"{folder}/{name}.safetensors"):
            states.append(pydl.load(f"{folder}/{name}.safetensors"))
            states[-1]["progress"].pop("elapsed")
    lines = [{k: v for k, v in line.items() if k != "time"} for line in read_log(f"{folder}/metrics.jsonl")]
    return flat(states), lines


def flat(value):
    if isinstance(value, dict):
        return {key: flat(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [flat(item) for item in value]
    return value.numpy().tobytes() if isinstance(value, pydl.Tensor) else repr(value)


def test_a_run_folder(capsys):
    assert cli.main([*MLP, "--epochs", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("mlp on iris: 131 parameters, 3 epochs of batches of 16, seed 0; ")
    assert "runs/mlp-iris-1:\n" in out
    assert "epoch 3/3  step 21 " in err
    names = ["best.safetensors", "checkpoint.safetensors", "config.json", "curves.png", "metrics.jsonl"]
    assert sorted(os.listdir("runs/mlp-iris-1")) == names
    with open("runs/mlp-iris-1/config.json") as file:
        config = json.load(file)
    assert (config["model"], config["data"], config["hidden"], config["shape"]) == ("mlp", "iris", [16], [4])
    state = pydl.load("runs/mlp-iris-1/checkpoint.safetensors")
    assert (state["config"], state["progress"]["step"]) == (config, 21)


def test_the_seed_decides_and_threads_do_not(threads):
    for name, options in {"a": [], "b": ["--threads", "3"], "c": ["--seed", "1"]}.items():
        assert cli.main([*MLP, "--epochs", "2", "--out", name, *options]) == 0
    assert result("a") == result("b")
    assert result("a")[1] != result("c")[1]


def test_signals_and_kills_then_resume_bit_for_bit(capsys):
    options = ["--epochs", "60", "--save-every", "10"]
    assert cli.main([*MLP, *options, "--out", "straight"]) == 0
    process = start(*MLP, *options, "--out", "stopped")
    for signum, more in [(signal.SIGINT, 20), (signal.SIGTERM, 10), *[(signal.SIGKILL, n) for n in (1, 33, 60)]]:
        wait_for_steps(process, "stopped", more)
        process.send_signal(signum)
        _, err = process.communicate(timeout=60)
        expected = -signum if signum == signal.SIGKILL else 128 + signum
        assert process.returncode == expected, err
        if signum != signal.SIGKILL:
            assert err.splitlines()[-1].endswith("to go on, type:  pydl train --resume stopped")
        process = start("train", "--resume", "stopped", "--threads", "1")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert result("stopped") == result("straight")
    assert not [name for name in os.listdir("stopped") if name.startswith(".")]


def test_more_epochs_after_the_end(capsys):
    assert cli.main([*MLP, "--epochs", "4", "--out", "a"]) == 0
    assert cli.main([*MLP, "--epochs", "2", "--out", "b"]) == 0
    assert cli.main(["train", "--resume", "b/checkpoint.safetensors", "--epochs", "4"]) == 0
    assert "going on after step 14, with 2 of 4 epochs done" in capsys.readouterr().out
    assert result("a")[1] == result("b")[1]


def test_a_gan_draws_samples(capsys):
    options = ["--epochs", "1", "--batch-size", "5000", "--hidden", "8", "--noise", "2"]
    assert cli.main(["train", "gan", "--data", "ring", *options, "--out", "a"]) == 0
    state = pydl.load("a/checkpoint.safetensors")
    assert len(os.listdir("a/samples")) >= 2
    assert state["config"]["model"] == "gan"
    capsys.readouterr()
    assert cli.main(["sample", "a", "--count", "100", "--out", "x.png"]) == 0
    assert capsys.readouterr().out == "x.png: 100 samples of gan trained on ring\n"
    assert cli.main(["sample", "a/checkpoint.safetensors", "--count", "100", "--out", "y.png"]) == 0
    with open("x.png", "rb") as x, open("y.png", "rb") as y:
        assert x.read() == y.read()


def checkpoint(model, folder, **options):
    """A run folder of `model` on digits with the checkpoint of a task that has not been trained."""
    sets = models.Data(data.load("digits", "train"), data.load("digits", "test"))
    config = models.complete(models.get(model).config(data="digits", width=4, noise=8, **options), sets)
    state = {"task": models.get(model).build(sets, config).state_dict()}
    os.makedirs(folder)
    run = {"save_every": None, "sample_every": 1, "log_every": 1, "pydl": pydl.__version__}
    pydl.save({**state, "config": {"model": model, **config, **run}}, f"{folder}/checkpoint.safetensors")


def size_of(path):
    """Width and height of a PNG image."""
    with open(path, "rb") as file:
        head = file.read(24)
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def refused(capsys, status, *argv):
    assert cli.main(argv) == status
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("pydl: ")
    return err


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        ("train", f"expected MODEL ({', '.join(models.names())}) or --resume RUN, got neither"),
        ("train mpl", "expected a model such as mlp, got 'mpl'"),
        ("train mlp --data irs", "such as iris"),
        ("train resne --help", "expected a model such as resnet18, resnet20"),
        ("train stylegan --mixing 3", "[stylegan] expected mixing as a number in 0 … 1, got 3.0"),
        ("train stacked-gan --apart 3", "[stacked-gan] expected apart as a number in 0 … 1, got 3.0"),
        ("train mlp --epohcs 3", "expected an option such as --epochs, got --epohcs"),
        ("train mlp --learning-rate 1", "expected an option such as --lr, got --learning-rate"),
        ("train mlp --quickly", "expected one of the options that pydl train --help lists, got --quickly"),
        ("train mlp --epochs 0", "--epochs: expected an integer >= 1 and <= 1000000, got '0'"),
        ("train mlp --epochs", "--epochs: expected one argument"),
        ("train mlp --epochs 1.5", "--epochs: expected an integer >= 1 and <= 1000000, got '1.5'"),
        ("train mlp --lr nan", "--lr: expected a finite number, got 'nan'"),
        ("train mlp --lr -1", "lr"),
        ("train mlp --hidden 3,x", "--hidden: expected an integer >= 1, got 'x'"),
        ("train mlp --k 3", "'k'"),
        ("train dcgan --preset papers", "[dcgan] expected preset to be one of data, paper, got 'papers'"),
        ("train mlp --preset paper --help", "[mlp] expected an option of"),
        ("train --resume full --preset paper", "expected only --epochs and --threads beside --resume, got --preset"),
        ("train vgg11 --width 3", "expected an option of augment, batch_size, data,"),
        ("train gan --help --data digit", "[load] expected a data set name such as digits"),
        ("train dcgan --data iris", "[dcgan] expected square images (C, H, H), got samples of shape (4,)"),
        ("train mlp --data iris --batch-size 121", "expected batch_size of at most 120, all of iris, got 121"),
        ("train mlp more", "expected no further argument, got 'more'"),
        ("train mlp --threads 0", "--threads: expected an integer >= 1 and <= 1024, got '0'"),
        ("train mlp --data iris --out full", "expected full as a new or empty folder"),
        ("train lenet --data iris", "expected images"),
        ("train mlp --resume full", "expected only --epochs and --threads beside --resume, got MODEL"),
        ("train --resume full --lr 3", "expected only --epochs and --threads beside --resume, got --lr"),
        ("sample", "CHECKPOINT"),
        ("sample x --out x.jpg", "sample: expected --out as the name of a PNG image, with the ending .png, got x.jpg"),
        (
            "sample x --truncation 0 0.5 1",
            "sample: expected no further argument, got '0.5': lists have commas, --trunc",
        ),
        ("train mlp --hidden 100 50", "expected no further argument, got '50': lists have commas, --hidden 100,50"),
        ("train mlp --hidden=9 8 7 --lr 1", "got '8': lists have commas, --hidden 9,8,7"),
        ("train gan digits", "expected no further argument, got 'digits': write --data digits"),
        ("train --hidden 100 50 mlp", "expected no further argument, got 'mlp'\n"),
        ("train mlp --epochs 3 4", "expected no further argument, got '4'\n"),
        ("sample x --count 0", "--count: expected an integer >= 1"),
    ],
)
def test_wrong_arguments(capsys, argv, text):
    os.makedirs("full/of/things")
    assert text in refused(capsys, 2, *argv.split())
    assert os.listdir() == ["full"]


def test_files_that_cannot_be_used(capsys):
    pydl.save({"a": 1}, "other")
    pydl.save({"config": {"model": "os.system", "data": "iris"}, "task": {}}, "hostile")
    with open("text", "w") as file:
        file.write("not a checkpoint")
    for command in (["train", "--resume"], ["sample"]):
        assert "none: expected a file to read, got No such file" in refused(capsys, 1, *command, "none")
        assert "other: expected the state of a training" in refused(capsys, 1, *command, "other")
        assert "expected the configuration of a model" in refused(capsys, 1, *command, "hostile")
        assert "text: expected a safetensors file, got a text file" in refused(capsys, 1, *command, "text")


def test_a_checkpoint_whose_state_fits_nothing(capsys):
    assert cli.main([*MLP, "--epochs", "1", "--out", "a"]) == 0
    capsys.readouterr()
    state = pydl.load("a/checkpoint.safetensors")
    for key, value in [("task", {}), ("progress", {"epoch": "x"}), ("random", 3), ("callbacks", 7), ("history", [])]:
        pydl.save({**state, key: value}, "a/checkpoint.safetensors")
        assert cli.main(["train", "--resume", "a"]) == 1
        assert "expected start as the state of a training like this one" in capsys.readouterr().err
    state["config"]["hidden"] = [5]
    pydl.save(state, "a/checkpoint.safetensors")
    assert cli.main(["train", "--resume", "a"]) == 1
    assert "expected start as the state of a training like this one" in capsys.readouterr().err


def test_a_classifier_has_no_samples(capsys):
    assert cli.main([*MLP, "--epochs", "1", "--out", "a"]) == 0
    capsys.readouterr()
    assert "expected a checkpoint of a generator, got one of mlp" in refused(capsys, 2, "sample", "a")


def test_the_help_of_a_model_has_its_options_their_values_and_choices(capsys):
    assert cli.main(["train", "lsgan", "--data", "mnist", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith("usage: pydl train lsgan [options] least squares GAN (Mao et al. 2017)")
    assert "options of lsgan, with their values for mnist: --data NAME the data set: cifar10, digits," in text
    assert "--targets NAME what the discriminator's outputs are drawn to: binary, pearson (default binary)" in text
    assert "--width N" in text
    assert "(default 32)" in text
    assert "--loss" not in text
    assert cli.main(["train", "gan", "-h"]) == 0
    assert "layers: none, spectral (default none)" in " ".join(capsys.readouterr().out.split())


def test_the_values_of_the_paper_on_small_data_and_back(capsys):
    assert cli.main(["train", "gan", "--preset", "paper", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "options of gan, with their values of its paper: --data NAME" in text
    assert "--preset NAME whose values options have that are not given" in text
    assert "the paper's: data, paper (default paper)" in text
    assert "--optimizer NAME the rule of the steps: adam, sgd (default sgd)" in text
    options = ["--hidden", "8", "--batch-size", "5000", "--data", "ring"]
    assert cli.main(["train", "gan", "--preset", "paper", "--epochs", "1", "--out", "a", *options]) == 0
    assert cli.main(["train", "gan", "--preset", "paper", "--epochs", "2", "--out", "b", *options]) == 0
    assert cli.main(["train", "--resume", "a", "--epochs", "2"]) == 0
    config = pydl.load("a/checkpoint.safetensors")["config"]
    assert (config["preset"], config["optimizer"], config["lr"]) == ("paper", "sgd", 0.1)
    assert result("a")[1] == result("b")[1]


def test_a_run_that_does_not_say_its_preset_goes_on(capsys):
    checkpoint("dcgan", "a")
    state = pydl.load("a/checkpoint.safetensors")
    del state["config"]["preset"]
    pydl.save(state, "a/checkpoint.safetensors")
    assert cli.main(["sample", "a", "--count", "1"]) == 0


def test_the_general_help_has_the_options_of_all_models(capsys):
    assert cli.main(["train", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith("usage: pydl train MODEL [options] Train a model by name")
    assert "--clip X largest size of a weight of the critic (of wgan)" in text
    assert "pydl train MODEL --help" in text


def test_walks_and_truncation(capsys):
    checkpoint("stylegan", "a", depth=1)
    tile = 8 + 1  # and a pixel before the first; each is enlarged four times
    assert cli.main(["sample", "a", "--walk", "5", "--count", "17", "--out", "x.png"]) == 0
    assert capsys.readouterr().out == "x.png: 15 samples of stylegan trained on digits\n"
    assert size_of("x.png") == (4 * (5 * tile + 1), 4 * (3 * tile + 1))
    assert cli.main(["sample", "a", "--truncation", "0,0.5,1", "--count", "2", "--out", "y.png"]) == 0
    assert size_of("y.png") == (4 * (tile + 1), 4 * (3 * tile + 1))


def test_truncation_zero_is_the_mean_and_one_the_sample():
    checkpoint("stylegan", "a", depth=1)
    state = pydl.load("a/checkpoint.safetensors")
    entry, config = models.get("stylegan"), state["config"]
    args = SimpleNamespace(walk=None, truncation=[0.0, 1.0], count=8, seed=3)
    samples, columns = drawn(entry, state["task"], config, args)
    assert (samples.shape, columns) == ((8, 1, 8, 8), 4)
    full = entry.sample(state["task"], {**config, "truncation": 1.0}, 4, 3)
    assert np.array_equal(samples[4:], full)
    assert not np.array_equal(samples[:4], full)


def test_models_that_cannot_walk_or_be_truncated(capsys):
    checkpoint("dcgan", "a")
    assert "for a model that has it (stylegan), got dcgan" in refused(capsys, 2, "sample", "a", "--truncation", "1")
    assert "expected a finite number, got 'x'" in refused(capsys, 2, "sample", "a", "--truncation", "1,x")
    assert "not allowed with" in refused(capsys, 2, "sample", "a", "--walk", "3", "--truncation", "1")
    assert "expected an integer >= 2, got '1'" in refused(capsys, 2, "sample", "a", "--walk", "1")
    checkpoint("spade", "b", map_width=4)
    assert "whose samples are made of noise, got spade" in refused(capsys, 2, "sample", "b", "--walk", "3")
    assert not os.path.exists("samples.png")


def test_a_missing_extra_is_named_before_training(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert 'type: pip install "pydl[train]"' in refused(capsys, 1, *MLP)
    assert os.listdir() == []


def test_data_that_is_missing(capsys, monkeypatch):
    def load(name, split):
        raise data.DataError("mnist.gz", "a file", "no network")

    monkeypatch.setattr(data, "load", load)
    assert refused(capsys, 1, *MLP) == "pydl: mnist.gz: expected a file, got no network\n"


def test_the_remedy_for_a_loss_that_is_not_finite():
    config = {"model": "unrolled-gan", "data": "ring", "lr": 1e-4, "lr_g": 2e-2}
    words = "; train anew with a smaller learning rate, such as --lr 1e-05 --lr-g 0.001"
    assert remedy(DivergenceError("x", layer="generator.layers.0"), config) == words
    assert remedy(DivergenceError("x", layer="batch[0]"), config) == ""


def test_a_loss_that_is_not_finite(capsys):
    assert cli.main([*MLP[:-1], "1e30", "--epochs", "9", "--out", "a", "--save-every", "1"]) == 1
    remedy = "; train anew with a smaller learning rate, such as --lr 0.001; a/checkpoint.safetensors holds the last"
    assert remedy in capsys.readouterr().err
    assert pydl.load("a/checkpoint.safetensors")["progress"]["step"] < 9


SPOILT = [
    *(
        (name, value)
        for name in ("data", "epochs", "batch_size", "lr", "lr_schedule", "weight_decay", "seed", "hidden", "dropout")
        for value in (..., None, {"a": 1}, "nonsense", -1, 2**64)
        if (name, value) not in (("lr", 2**64), ("weight_decay", 2**64))
    ),
    ("epochs", 2**62),
    ("batch_size", 121),
    ("seed", 1.0),
    ("seed", True),
    *(("save_every", value) for value in ([], {}, "", 0, False)),
    *(("pydl", value) for value in ([1], None, ...)),
    *(("shape", value) for value in ([], {}, None, [5], [0], 4, "4")),
    ("classes", 7),
    ("hidden", [2**40, 2**40]),
    ("model", ["mlp"]),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run folder that is left as it is."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert cli.main([*MLP, "--epochs", "1", "--out", str(folder)]) == 0
    return folder


def spoil(config, name, value):
    return {k: v for k, v in {**config, name: value}.items() if v is not ...}


@pytest.mark.parametrize(("name", "value"), SPOILT, ids=lambda part: str(part)[:12])
def test_a_spoilt_configuration_is_one_line_naming_the_file(capsys, finished, name, value):
    state = pydl.load(finished / "checkpoint.safetensors")
    config = spoil(state["config"], name, value)
    os.mkdir("a")
    with open("a/config.json", "w") as file:
        json.dump(config, file)
    text = refused(capsys, 1, "train", "--resume", "a")
    assert "a/config.json: expected the configuration of a model, got " in text
    pydl.save({**state, "config": config}, "a/checkpoint.safetensors")
    text = refused(capsys, 1, "train", "--resume", "a")
    assert "a/checkpoint.safetensors: expected the configuration of a model, got " in text


def test_one_limit_of_seeds(capsys):
    for command in ([*MLP, "--epochs", "1", "--out", "a"], ["sample", "a"]):
        text = refused(capsys, 2, *command, "--seed", str(2**64))
        assert f"--seed: expected an integer >= 0 and <= {2**64 - 1}, got '{2**64}'" in text
    assert cli.main([*MLP, "--epochs", "1", "--out", "a", "--seed", str(2**64 - 1)]) == 0
    assert cli.main(["train", "--resume", "a", "--epochs", "2"]) == 0
    assert pydl.load("a/checkpoint.safetensors")["config"]["seed"] == 2**64 - 1


def test_going_back_to_the_best_is_said(capsys, finished):
    shutil.copytree(finished, "a")
    assert cli.main(["train", "--resume", "a/best.safetensors"]) == 0
    assert "going back to a/best.safetensors: " in capsys.readouterr().out
    assert cli.main(["train", "--resume", "a/checkpoint.safetensors"]) == 0
    assert "going back" not in capsys.readouterr().out


def test_a_state_that_does_not_fit_names_its_file(capsys, finished):
    shutil.copytree(finished, "a")
    state = pydl.load("a/checkpoint.safetensors")
    state["progress"]["elapsed"] = float("nan")
    pydl.save(state, "a/checkpoint.safetensors")
    assert "a/checkpoint.safetensors: [fit] expected start" in refused(capsys, 1, "train", "--resume", "a")


@pytest.mark.parametrize(
    ("out", "reason"), [("a", "a directory"), ("nodir/x.png", "No such file"), ("/dev/full", "a char")]
)
def test_a_picture_that_cannot_be_written_names_its_path(capsys, out, reason):
    options = ["--epochs", "1", "--batch-size", "5000", "--hidden", "8", "--noise", "2"]
    assert cli.main(["train", "gan", "--data", "ring", *options, "--out", "a"]) == 0
    capsys.readouterr()
    text = refused(capsys, 1, "sample", "a", "--count", "4", "--out", out)
    assert reason in text
    assert text.startswith(f"pydl: {out}: ")
