"""The task of a classifier: what it reports, and labels that it refuses before the first step."""

import numpy as np
import pytest

import pydl
from pydl import data, nn, optim, train
from pydl.nn import functional as F
from pydl.train.task import correct


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


class Own(data.Dataset):
    """Samples without `targets`."""

    def __init__(self, inputs, labels):
        self.inputs, self.labels, self.read = inputs, labels, 0

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, index):
        self.read += 1
        return self.inputs[index], self.labels[index]


class OwnWithTargets(Own):
    @property
    def targets(self):
        return self.labels


def samples_of(labels):
    inputs = np.random.default_rng(0).normal(size=(len(labels), 2)).astype(np.float32)
    return list(zip(inputs, labels, strict=True))


def in_memory(kind, labels):
    """A loader of samples with `labels` whose labels can be seen beforehand."""
    samples = samples_of(labels)
    inputs, labels = np.stack([x for x, _ in samples]), np.asarray(labels)
    half = len(labels) // 2
    parts = {
        "list": samples,
        "tuple of tensors": tuple((pydl.from_numpy(x), pydl.tensor(int(y))) for x, y in samples),
        "subset": data.Subset(samples, range(len(samples))),
        "joined": data.ConcatDataset([samples[:half], data.ArrayDataset(inputs[half:], labels[half:])]),
        "own": OwnWithTargets(inputs, labels),
    }
    if kind in parts:
        return data.DataLoader(parts[kind], 2)
    tensors = pydl.from_numpy(inputs), pydl.from_numpy(labels)
    return [tuple(part[i : i + 3] for part in tensors) for i in range(0, len(labels), 3)]


KINDS = ["list", "tuple of tensors", "subset", "joined", "own", "batches"]


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("kind", KINDS)
def test_labels_in_memory_are_looked_at_whole(kind, part):
    good, bad = in_memory(kind, [0, 1, 2, 0, 1, 2]), in_memory(kind, [0, 1, 2, 0, 1, 3])
    task, _ = task_and_data([0], test=bad if part == "test" else good)
    before = state(task)
    with pytest.raises(ValueError, match=r"\[Classifier\] expected labels in 0 … 2, got 3 at sample 5"):
        train.fit(task, good if part == "test" else bad, 1)
    for name, value in state(task).items():
        np.testing.assert_array_equal(value, before[name])
    task.test_loader = good
    assert len(train.fit(task, good, 1).epochs) == 1


def test_a_dataset_of_ones_own_is_not_read_through():
    dataset = Own(np.zeros((6, 2), np.float32), np.array([0, 1, 2, 0, 1, 3]))
    task, good = task_and_data([0, 1], test=data.DataLoader(dataset, 2))
    task.check_data(data.DataLoader(dataset, 2))
    assert dataset.read == 1  # the first sample of the test data
    with pytest.raises(IndexError, match="got 3 at position"):
        train.fit(task, good, 1)


@pytest.mark.parametrize("kind", ["own", "array of float labels", "batches"])
def test_test_data_that_the_model_cannot_take_is_refused_before_the_first_step(kind):
    wide, labels = np.zeros((4, 3), np.float32), np.zeros(4, np.int64)
    loaders = {
        "own": data.DataLoader(Own(wide, labels), 2),
        "array of float labels": data.DataLoader(data.ArrayDataset(wide, np.zeros((4, 3), np.float32)), 2),
        "batches": [(pydl.from_numpy(wide), pydl.from_numpy(labels))],
    }
    task, loader = task_and_data([0, 1, 2, 0], test=loaders[kind])
    before = state(task)
    with pytest.raises(ValueError, match=r"\[linear\] expected input of shape"):
        train.fit(task, loader, 1)
    for name, value in state(task).items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize(
    "loader",
    [None, iter(()), [], [3], [(1,)], [((1, 2), 3)], [(pydl.ones(2, 2), pydl.ones(2, 3)), (pydl.ones(2, 2), 0)]],
)
def test_loaders_of_other_forms_are_left_alone(loader):
    task, _ = task_and_data([0, 1])
    task.check_data(loader)
    for dataset in ([], [1, 2], [(1, 2, 3)], [("a", "b")], [(np.ones(2), [1, 2]), (np.ones(2), [1])], {0: 1}):
        if dataset:
            task.check_data(data.DataLoader(dataset, 1))


@pytest.mark.parametrize("capture", [False, True])
def test_probabilities_count_as_the_class_of_the_largest(capture):
    rows = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0, 0, 1], [0.2, 0.4, 0.4]], np.float32)
    results = []
    for targets in (rows, rows.argmax(1)):
        pydl.manual_seed(0)
        model = nn.Linear(2, 3)
        dataset = data.ArrayDataset(np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32), targets)
        loader = data.DataLoader(dataset, 4)
        task = train.Classifier(model, optim.SGD(model.parameters(), lr=0.0), F.cross_entropy, loader, capture)
        results.append(train.fit(task, loader, 1).epochs[0])
    assert results[0]["accuracy"] == results[0]["test_accuracy"] == results[1]["accuracy"]
    assert results[0]["loss"] != results[1]["loss"]


def test_what_counts_as_correct():
    scores = pydl.tensor([[0.0, 2.0], [3.0, 1.0], [0.0, 1.0]])
    assert correct(scores, pydl.tensor([1, 1, 1])) == 2
    assert correct((scores, None), pydl.tensor([[0.2, 0.8], [0.4, 0.6], [0.5, 0.5]])) == 1


class Heads(nn.Module):
    def __init__(self, always):
        super().__init__()
        self.a, self.b, self.always = nn.Linear(2, 3), nn.Linear(2, 3), always

    def forward(self, x):
        return (self.a(x), self.b(x)) if self.always or self.training else self.a(x)


@pytest.mark.parametrize("always", [True, False])
def test_labels_that_a_loss_of_several_heads_has_uses_for(always):
    def loss(scores, labels):
        pair = scores if isinstance(scores, tuple) else (scores,)
        return sum(
            (F.cross_entropy(s, labels, ignore_index=-1) for s in pair[1:]), F.cross_entropy(pair[0], labels % 3)
        )

    _, loader = task_and_data([0, 1, 2, -1])
    model = Heads(always)
    task = train.Classifier(model, optim.SGD(model.parameters(), lr=0.1), loss)
    assert len(train.fit(task, loader, 1).epochs) == 1


class Renumbered(data.Dataset):
    """Its samples have other labels than its targets."""

    targets = np.array([1, 7, 9, 1])

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.zeros(2, np.float32), int(np.searchsorted([1, 7, 9], self.targets[index]))


def test_labels_that_training_never_sees_are_not_judged():
    task, loader = task_and_data([1, 2, 3, 1])
    dataset = loader.dataset

    def shifted(samples):
        inputs, labels = data.default_collate(samples)
        return inputs, labels - 1

    assert len(train.fit(task, data.DataLoader(dataset, 2, collate_fn=shifted), 1).epochs) == 1
    sampler = data.WeightedRandomSampler([1.0, 1.0, 0.0, 1.0], 6)
    assert len(train.fit(task, data.DataLoader(dataset, 2, sampler=sampler), 1).epochs) == 1
    assert len(train.fit(task, data.DataLoader(Renumbered(), 2), 1).epochs) == 1
