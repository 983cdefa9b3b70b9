"""The report on stacked MNIST: triples of digits counted by a judge of single ones, in a training too."""

import numpy as np
import pytest

from pydl import data, models, nn, train
from pydl.data.stacked import StackedDataset
from pydl.data.transforms import ToTensor
from pydl.gan.doctor import Doctor
from pydl.gan.reports import Judge, TriplesReport
from pydl.gan.reports.triples import coverage


class Known(nn.Module):
    """Scores are the first ten pixels."""

    def forward(self, input):
        return input.flatten(1)[:, :10]


def stacked(count=60, seed=0):
    """Images of 8 × 8 in whose channels one of the first ten pixels is bright."""
    images = np.zeros((10, 1, 8, 8), np.uint8)
    images.reshape(10, -1)[np.arange(10), np.arange(10)] = 255
    triples = np.random.default_rng(seed).integers(10, size=(count, 3))
    return StackedDataset(images, np.arange(10), triples, ToTensor(), "train")


def judge():
    singles = stacked().singles()
    return Judge(Known(), *singles.batch(np.arange(10)))


def test_singles_are_the_grey_images_with_their_digits():
    singles = stacked().singles()
    images, digits = singles.batch(np.arange(10))
    assert (images.shape, images.dtype) == ((10, 1, 8, 8), np.float32)
    assert np.array_equal(images.reshape(10, -1).argmax(1), digits)
    assert len(singles.classes) == 10


def test_the_data_covers_its_own_triples():
    part = stacked()
    images, labels = part.batch(np.arange(60))
    found = coverage(judge(), images)
    assert (found.modes, found.covered) == (1000, len(set(labels.tolist())))
    assert np.array_equal(np.flatnonzero(found.counts), np.unique(labels))


def test_figures_and_words():
    part = stacked()
    report = TriplesReport(part, part)
    report.judge = judge()
    images = part.batch(np.zeros(200, np.int64))[0]  # one image over and over
    assert report.figures(images, False) == {"modes": 1.0, "reverse_kl": pytest.approx(np.log(1000))}
    assert report.words == ""
    assert report.figures(images, True)["judge/classifier_accuracy"] == 1.0
    assert (
        "of 200 generated images a classifier of single digits (test accuracy 100.0%) finds 1 of 1,000" in report.words
    )
    assert "a perfect sampler: 2.5" in report.words


def test_a_training_on_stacked_digits_is_reported():
    sets = models.Data(stacked(), stacked(20, seed=1))
    entry = models.get("dcgan")
    config = models.complete(entry.config(data="stacked-mnist", width=2, noise=4, batch_size=20, epochs=1), sets)
    task, (doctor, report) = entry.build(sets, config), entry.callbacks(sets, config)
    assert isinstance(doctor, Doctor)
    assert isinstance(report, TriplesReport)
    assert report.count == 26_000
    report.count, report.judge = 50, judge()
    last = train.fit(task, data.DataLoader(sets.train, 20), 1, callbacks=[doctor, report]).epochs[-1]
    assert 1 <= last["modes"] <= 50
    assert last["reverse_kl"] > 0
    assert "doctor/copies" in last
