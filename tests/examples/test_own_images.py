"""A folder of PNG files is read and learnt; files that do not fit are named."""

import numpy as np
import pytest

from pydl.train import write_png


@pytest.fixture
def folder(tmp_path):
    """Noise that is brighter in red or in blue, 8 × 12 pixels."""
    rng = np.random.default_rng(0)
    for channel, name in ((0, "red"), (2, "blue")):
        (tmp_path / name).mkdir()
        for i in range(20):
            image = rng.integers(0, 128, (8, 12, 3), np.uint8)
            image[..., channel] += 127
            write_png(tmp_path / name / f"{i:02d}.png", image)
    return tmp_path


def test_the_folders_are_the_classes(example, folder):
    images, labels, classes = example.read(folder)
    assert (images.shape, images.dtype, classes) == ((40, 3, 8, 12), np.uint8, ["blue", "red"])
    assert labels.tolist() == [0] * 20 + [1] * 20
    assert (images[:20, 2].min(), images[20:, 0].min()) == (127, 127)
    sets = example.parts(images, labels, classes)
    assert (len(sets.train), len(sets.test)) == (32, 8)


def test_the_command(example, folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["own_images.py", str(folder), "--epochs", "5"])
    example.main()
    out = capsys.readouterr().out
    assert "40 images (3, 8, 12) of blue, red" in out
    assert "'test_accuracy': 1.0}" in out


def test_what_does_not_fit_is_named(example, folder):
    write_png(folder / "red" / "x.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match=r"expected .*x.png of the size of the first, \(8, 12, 3\), got \(8, 8, 3\)"):
        example.read(folder)
    with pytest.raises(ValueError, match=r"PNG files in at least two folders of .*red, got 0 files"):
        example.read(folder / "red")
