"""The judge: right figures for probabilities that are known, and a fair share for real digits."""

import numpy as np
import pytest

import pydl
from pydl import data, nn
from pydl.gan.reports.judge import Judge, describe, train_judge


class Known(nn.Module):
    """Scores are the image's own numbers."""

    def forward(self, input):
        return input.flatten(1)


def image(kind, score):
    scores = np.zeros((1, 2, 2), np.float32)
    scores.reshape(-1)[kind] = score
    return scores


def test_counts_of_sure_samples_and_drawn_classes():
    judge = Judge(Known(), np.stack([image(0, 9), image(1, 9)]), np.array([0, 2]))
    assert judge.accuracy == 0.5
    assert judge.real.sure == 1.0
    images = [image(0, 9)] * 150 + [image(1, 9)] * 2 + [image(2, 9)] + [image(3, 1)] * 47
    found = judge.quality(np.stack(images))
    assert found.sure == 153 / 200
    assert found.shares == (150 / 153, 2 / 153, 1 / 153, 0.0)
    assert found.classes == 2  # the third has less than one in a hundred
    report = judge.report(np.stack(images))
    assert report == {
        "sure": 153 / 200, "classes": 2.0, "sure_real": 1.0, "classes_real": 2.0, "classifier_accuracy": 0.5,
    }  # fmt: skip
    assert "76.5% of the generated images, which show 2 of 4 classes" in describe(report, 4)


def test_noise_is_not_sure():
    judge = Judge(Known(), np.stack([image(0, 9)]), np.array([0]))
    assert judge.quality(np.zeros((5, 1, 2, 2), np.float32)).sure == 0.0
    with pytest.raises(ValueError, match=r"\[quality\] expected at least one image"):
        judge.quality(np.zeros((0, 1, 2, 2), np.float32))


def test_judge_of_digits_is_right_and_leaves_the_default_generator():
    train, test = data.load("digits", "train"), data.load("digits", "test")
    pydl.manual_seed(5)
    before = pydl.random.get_rng_state()
    judge = train_judge(train, test, seed=0)
    assert np.array_equal(pydl.random.get_rng_state(), before)
    assert judge.accuracy >= 0.97
    assert judge.real.sure >= 0.85
    assert judge.real.classes == 10
    noise = np.random.default_rng(0).random((180, 1, 8, 8), np.float32)
    assert judge.quality(noise).sure < 0.5
    images = test.batch(np.random.default_rng(0).permutation(360))[0]
    assert judge.features(images).shape == (360, 128)
    compare_known_sets(judge, images[::2], images[1::2], noise)


def compare_known_sets(judge, real, others, noise):
    good, bad, one = (
        judge.compare(real, others),
        judge.compare(real, noise),
        judge.compare(real, others[:1].repeat(180, 0)),
    )
    assert abs(good["nearest_neighbour_accuracy"] - 0.5) < 0.1
    assert bad["nearest_neighbour_accuracy"] > 0.9
    assert min(good["precision"], good["recall"]) > 0.7
    assert bad["precision"] < 0.6
    assert bad["recall"] < 0.2
    assert one["precision"] == 1.0  # one good image again and again: no variety
    assert one["recall"] == 0.0
    for name in ("frechet_classifier_distance", "kernel_classifier_distance"):
        assert 5 * abs(good[name]) < min(bad[name], one[name])
    assert good["classifier_score"] > 8
    assert one["classifier_score"] == pytest.approx(1, abs=1e-5)


def test_features_need_layers_in_sequence():
    judge = Judge(Known(), np.stack([image(0, 9)]), np.array([0]))
    with pytest.raises(TypeError, match=r"\[features\] expected a network as a Sequential, got Known"):
        judge.features(np.zeros((2, 1, 2, 2), np.float32))
