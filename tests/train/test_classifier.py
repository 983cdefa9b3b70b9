"""The task of a classifier: what it reports, and labels that it refuses before the first step."""

import numpy as np
import pytest

import pydl
from pydl import data, nn, optim, train
from pydl.nn import functional as F


def task_and_data(labels, loss=F.cross_entropy, test=None, size=4):
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    inputs = np.random.default_rng(0).normal(size=(len(labels), 2)).astype(np.float32)
    dataset = data.TensorDataset(inputs, np.asarray(labels))
    task = train.Classifier(model, optim.SGD(model.parameters(), lr=0.1), loss, test)
    return task, data.DataLoader(dataset, size)


def state(task):
    return {name: value.numpy().copy() for name, value in task.model.state_dict().items()}


@pytest.mark.parametrize(("wrong", "at"), [(3, 9), (-1, 0), (100, 5)])
def test_a_label_out_of_range_is_refused_before_anything_is_changed(wrong, at):
    labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    labels[at] = wrong
    task, loader = task_and_data(labels)
    before = state(task)
    with pytest.raises(ValueError, match=rf"\[Classifier\] expected labels in 0 … 2, got {wrong} at sample {at}"):
        train.fit(task, loader, 1)
    assert task.model.training
    for name, value in state(task).items():
        np.testing.assert_array_equal(value, before[name])


def test_a_label_out_of_range_is_found_in_parts_of_datasets_and_in_the_test_data():
    _, loader = task_and_data([0, 1, 2, 5])
    whole = loader.dataset
    joined = data.Subset(data.ConcatDataset([whole, whole]), [0, 1, 7, 3])
    np.testing.assert_array_equal(joined.targets, [0, 1, 5, 5])
    task, good = task_and_data([0, 1, 2, 2], test=data.DataLoader(joined, 4))
    with pytest.raises(ValueError, match="got 5 at sample 2"):
        train.fit(task, good, 1)


def test_labels_that_the_loss_has_uses_for_are_left_to_it():
    task, loader = task_and_data([0, -100, 2, 1, -100, 2], lambda scores, labels: F.cross_entropy(scores, labels))
    assert len(train.fit(task, loader, 1).epochs) == 1
    task, loader = task_and_data([0, 1, 2, 3], lambda scores, labels: F.cross_entropy(scores, labels % 3))
    assert len(train.fit(task, loader, 1).epochs) == 1


def test_the_check_of_labels_draws_no_random_number():
    losses = []
    for checked in (True, False):
        pydl.manual_seed(3)
        task, loader = task_and_data([0, 1, 2, 2, 0, 1])
        if not checked:
            task.check_data = lambda loader: None
        losses.append(train.fit(task, loader, 2)["loss"])
    assert losses[0] == losses[1]


def test_data_without_labels_of_integers_is_not_looked_at():
    task, _ = task_and_data([0, 1])
    batches = [(np.zeros((2, 2), np.float32), np.zeros(2))]
    task.check_data(batches)
    task.check_data(data.DataLoader(data.TensorDataset(np.zeros((2, 2)), np.zeros((2, 3))), 2))
    task.check_data(data.DataLoader(data.ArrayDataset(np.zeros((2, 2))), 2))
