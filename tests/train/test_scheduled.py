"""Classifiers with a course of the learning rate."""

import math

import numpy as np
import pytest

import pydl
from pydl import nn, optim, train
from pydl.train.scheduled import ScheduledClassifier, factor


def make(total, **options):
    pydl.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    return ScheduledClassifier(model, optimizer, nn.functional.cross_entropy, total=total, **options)


def batches(count):
    rng = np.random.default_rng(0)
    return [(pydl.tensor(rng.random((4, 3), np.float32)), pydl.tensor([0, 1, 1, 0])) for _ in range(count)]


def test_factors():
    assert [factor("steps", t, 8) for t in range(10)] == [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01]
    assert [factor("constant", t, 4) for t in (0, 3, 9)] == [1, 1, 1]
    assert [factor("cosine", t, 4) for t in range(6)] == pytest.approx(
        [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2, 0, 0]
    )
    assert [factor("steps", t, 100, warmup=2) for t in range(3)] == [0.1, 0.1, 1]
    with pytest.raises(ValueError, match=r"\[factor\] expected schedule to be one of steps, cosine, constant, got 'x'"):
        factor("x", 0, 1)


def test_each_step_takes_the_rate_that_it_reports():
    task, twin = make(4), make(1, schedule="constant")
    for batch, wanted in zip(batches(4), (0.5, 0.5, 0.05, 0.005), strict=True):
        assert task.step(batch)["lr"] == pytest.approx(wanted, rel=1e-12)
        twin.optimizer.param_groups[0]["lr"] = wanted
        inputs, targets = batch
        twin.optimizer.zero_grad()
        nn.functional.cross_entropy(twin.model(inputs), targets).backward()
        twin.optimizer.step()
        assert np.array_equal(task.model.weight.detach().numpy(), twin.model.weight.detach().numpy())


def test_a_training_that_stopped_goes_on_alike():
    straight = make(6)
    wanted = [straight.step(batch) for batch in batches(6)]
    first, second = make(6), make(6)
    figures = [first.step(batch) for batch in batches(6)[:3]]
    second.load_state_dict(first.state_dict())
    figures += [second.step(batch) for batch in batches(6)[3:]]
    assert figures == wanted
    with pytest.raises(ValueError, match=r"\[ScheduledClassifier\] expected the key schedule"):
        second.load_state_dict(train.Classifier(first.model, first.optimizer, first.loss).state_dict())
