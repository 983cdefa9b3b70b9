"""What is trained: the Task protocol, and the task of a classifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from ..autograd import no_grad
from ..replay import capture as recorded
from ..tensor import Tensor
from .divergence import require_finite


class Task(Protocol):
    """What `fit` trains. The state holds all that training changes, so that a copy of it goes on alike."""

    def step(self, batch: Any) -> dict[str, float]:
        """One update on a batch; figures such as {"loss": …}."""

    def evaluate(self) -> dict[str, float]:
        """Figures at the end of an epoch; may be none."""

    def state_dict(self) -> dict[str, Any]:
        """Parameters, buffers, optimizers, counters."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""

    def sample_grid(self) -> np.ndarray | None:
        """An image of samples, uint8 (H, W) or (H, W, 3); None where there is nothing to draw."""


class Classifier:
    """A model that gives scores (N, classes), trained on batches (inputs, class indices).

    `loss(scores, targets)` gives the mean over the batch. Each step reports loss and accuracy; each epoch
    `test_loss` and `test_accuracy` over `test_loader`, where there is one. With `capture` the updates are recorded
    steps (`pydl.capture`), of the same bits: for models in which every step does the same.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        loss: Callable[[Tensor, Tensor], Tensor],
        test_loader: Iterable[Any] | None = None,
        capture: bool = False,
    ) -> None:
        self.model, self.optimizer, self.loss, self.test_loader = model, optimizer, loss, test_loader
        self._update = recorded(self._descend) if capture else self._descend

    def step(self, batch: Any) -> dict[str, float]:
        inputs, targets = batch
        loss, scores = self._update(inputs, targets)
        return {"loss": loss.item(), "accuracy": correct(scores, targets) / len(targets)}

    def _descend(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Any]:
        """The loss and the scores before an update, and the update."""
        scores = self.model(inputs)
        loss = self.loss(scores, targets)
        require_finite("loss", loss)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss, scores

    def evaluate(self) -> dict[str, float]:
        if self.test_loader is None:
            return {}
        count, loss, right = 0, 0.0, 0
        mode = self.model.training
        self.model.eval()
        try:
            with no_grad():
                for inputs, targets in self.test_loader:
                    scores = self.model(inputs)
                    loss += float(self.loss(scores, targets).item()) * len(targets)
                    right += correct(scores, targets)
                    count += len(targets)
        finally:
            self.model.train(mode)
        return {"test_loss": loss / max(count, 1), "test_accuracy": right / max(count, 1)}

    def state_dict(self) -> dict[str, Any]:
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if set(state) != {"model", "optimizer"}:
            raise ValueError(f"[Classifier] expected the keys model and optimizer, got {sorted(state)}")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])

    def sample_grid(self) -> np.ndarray | None:
        return None


def correct(scores: Tensor | tuple[Tensor, ...], targets: Tensor) -> int:
    """How many rows of `scores` (N, classes) are largest at their target; of several heads the first counts."""
    scores = scores[0] if isinstance(scores, tuple) else scores
    return int((scores.detach().numpy().argmax(axis=1) == targets.numpy()).sum())
