"""A small task whose every part of state matters."""

import numpy as np
import pytest

import pydl
from pydl import data


class Toy:
    """Noisy gradient steps with momentum towards the mean of the batches."""

    def __init__(self):
        self.weights, self.momentum, self.count = np.zeros(3), np.zeros(3), 0
        self.fail_at = self.on_step = None

    def step(self, batch):
        self.count += 1
        if self.on_step:
            self.on_step(self.count)
        batch = np.asarray(batch[0] if isinstance(batch, (tuple, list)) else batch, np.float64)
        noise = pydl.random.rand(3).numpy()
        gradient = self.weights - batch.mean(0) + 0.1 * noise
        self.momentum = 0.9 * self.momentum + gradient
        self.weights = self.weights - 0.1 * self.momentum
        loss = float((gradient**2).sum()) if self.count != self.fail_at else float("nan")
        return {"loss": loss, "size": float(len(batch))}

    def evaluate(self):
        pydl.random.rand(5)  # must not change what training draws
        return {"test_loss": float((self.weights**2).sum())}

    def state_dict(self):
        return {"weights": self.weights, "momentum": self.momentum, "count": self.count}

    def load_state_dict(self, state):
        self.weights, self.momentum, self.count = state["weights"], state["momentum"], state["count"]

    def sample_grid(self):
        return np.full((4, 4), self.count % 256, np.uint8) + pydl.random.randint(0, 3, (4, 4)).numpy().astype(np.uint8)


@pytest.fixture
def toy():
    return Toy


@pytest.fixture
def loader():
    """Seven batches an epoch, shuffled: a new loader at each call."""
    points = np.random.default_rng(0).normal(size=(27, 3)).astype(np.float32)
    return lambda: data.DataLoader(data.TensorDataset(points), batch_size=4, shuffle=True, seed=3)
