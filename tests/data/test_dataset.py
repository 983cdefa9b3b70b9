import numpy as np
import pytest

from pydl.data import ArrayDataset, ConcatDataset, Dataset, Subset, TensorDataset, random_split


class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if not 0 <= index < self.n:
            raise IndexError(index)
        return index * index


def test_array_dataset_gives_tuples():
    data = ArrayDataset(np.arange(6).reshape(3, 2), np.array([7, 8, 9]))
    x, y = data[1]
    assert len(data) == 3
    assert x.tolist() == [2, 3]
    assert y == 8
    assert data.image_shape == (2,)


def test_array_dataset_transforms_the_first_value_only():
    data = ArrayDataset(np.arange(3.0), np.arange(3), transform=lambda x: x + 10)
    assert data[2] == (12.0, 2)
    first, second = data.batch(np.array([0, 2]))
    assert first.tolist() == [10, 12]
    assert second.tolist() == [0, 2]


@pytest.mark.parametrize("indices", [[1, 2, 3], [3, 1], [0], [-1, 0], [2, 2, 3], []])
def test_batches_are_copies(indices):
    source = np.arange(5.0)
    (batch,) = ArrayDataset(source).batch(np.array(indices, np.int64))
    assert batch.tolist() == source[indices].tolist()
    batch += 100
    assert source.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("shapes", [[], [(3,), (4,)], [()]])
def test_array_dataset_refuses_ragged_arrays(shapes):
    with pytest.raises(ValueError, match=r"\[ArrayDataset\] expected"):
        ArrayDataset(*(np.zeros(s) for s in shapes))


def test_tensor_dataset_indexes_what_it_was_given():
    data = TensorDataset(np.arange(4), np.arange(4) * 2)
    assert data[3] == (3, 6)
    assert len(data) == 4


def test_subset_and_concat():
    both = Squares(3) + Squares(4)
    assert isinstance(both, ConcatDataset)
    assert [both[i] for i in range(len(both))] == [0, 1, 4, 0, 1, 4, 9]
    assert both[-1] == 9
    assert [Subset(both, [6, 0])[i] for i in range(2)] == [9, 0]
    with pytest.raises(IndexError, match="expected an index below 7, got 7"):
        both[7]
    with pytest.raises(IndexError, match="below 3, got 3 at position 1"):
        Subset(Squares(3), [0, 3])
    with pytest.raises(ValueError, match="at least one dataset"):
        ConcatDataset([])


def test_random_split_covers_all_and_repeats():
    data = Squares(10)
    parts = random_split(data, [7, 3], generator=4)
    again = random_split(data, [7, 3], generator=4)
    assert [len(p) for p in parts] == [7, 3]
    assert sorted(np.concatenate([p.indices for p in parts])) == list(range(10))
    assert all(np.array_equal(p.indices, q.indices) for p, q in zip(parts, again, strict=True))
    assert not np.array_equal(parts[0].indices, random_split(data, [7, 3], generator=5)[0].indices)


def test_random_split_by_fractions():
    assert [len(p) for p in random_split(Squares(10), [0.5, 0.25, 0.25])] == [6, 2, 2]
    assert [len(p) for p in random_split(Squares(10), [0.6, 0.4])] == [6, 4]


@pytest.mark.parametrize("lengths", [[5, 4], [11, -1], [0.5, 0.6], [-0.5, 1.5]])
def test_random_split_refuses_wrong_lengths(lengths):
    with pytest.raises((ValueError, TypeError), match=r"\[random_split\] expected lengths"):
        random_split(Squares(10), lengths)
