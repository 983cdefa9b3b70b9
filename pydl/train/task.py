"""What is trained: the Task protocol, and the task of a classifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from .. import random
from ..autograd import no_grad
from ..creation import tensor
from ..replay import capture as recorded
from ..tensor import Tensor
from .divergence import require_finite
from .labels import first_input, labels_of


class Task(Protocol):
    """What `fit` trains. The state holds all that training changes, so that a copy of it goes on alike.

    A task may also have `check_data(loader)`, which `fit` calls before the first step: it raises for data that a later
    step would refuse.
    """

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

    Where the loss takes them, targets may be probabilities (N, classes): the largest of a row counts as its class.
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

    def check_data(self, loader: Any) -> None:
        """ValueError for a label of the data, or of the test data, that the loss refuses; the model's errors too.

        Looked at are labels that are integers and lie in memory: `targets` (N,) of a data set, lists of samples or of
        batches. A data set of one's own is not read through: give it `targets`, and its labels are checked as well.
        The loss is asked, with the model's scores of the first sample, only about labels that are no class of those:
        it may have uses for them (`ignore_index`). The first sample of the test data goes through the model.
        """
        for each in (loader, self.test_loader):
            with random.fork_rng():
                labels = labels_of(each)
                inputs = first_input(each) if labels.size or each is self.test_loader else None
                if inputs is not None:
                    self._check_labels(labels, inputs)

    def _check_labels(self, labels: np.ndarray, inputs: Any) -> None:
        with self._evaluating():
            scores = self.model(inputs)
            classes = first_head(scores).shape[1] if labels.size else 0
            strange = np.unique(labels[(labels < 0) | (labels >= classes)]).tolist()
            if not strange or self._refused(scores, 0):  # as a loss of heads that are there in training alone
                return
            for label in strange:
                if error := self._refused(scores, label):
                    got = f"{label} at sample {int(np.argmax(labels == label))}"
                    raise ValueError(f"[Classifier] expected labels in 0 … {classes - 1}, got {got}") from error

    def _refused(self, scores: Any, label: int) -> Exception | None:
        """What the loss raises for one sample's scores and this label."""
        try:
            self.loss(scores, tensor([label]))
        except Exception as error:
            return error
        return None

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
        with self._evaluating():
            for inputs, targets in self.test_loader:
                scores = self.model(inputs)
                loss += float(self.loss(scores, targets).item()) * len(targets)
                right += correct(scores, targets)
                count += len(targets)
        return {"test_loss": loss / max(count, 1), "test_accuracy": right / max(count, 1)}

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        """The model in evaluation mode, and no gradients."""
        mode = self.model.training
        self.model.eval()
        try:
            with no_grad():
                yield
        finally:
            self.model.train(mode)

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
    """How many rows of `scores` (N, classes) are largest at their target; of several heads the first counts.

    Of targets that are probabilities of the scores' shape it is the largest.
    """
    found, wanted = first_head(scores).detach().numpy(), targets.numpy()
    if wanted.shape == found.shape:
        wanted = wanted.argmax(axis=1)
    return int((found.argmax(axis=1) == wanted).sum())


def first_head(scores: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The scores (N, classes) that count, of a network that may have several heads."""
    return scores[0] if isinstance(scores, tuple) else scores
