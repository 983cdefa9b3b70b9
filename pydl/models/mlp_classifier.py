"""The multilayer perceptron with `fit` and `predict`: layers of neurons, learning by backpropagation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from .. import from_numpy, nn, no_grad, optim, random
from ..checks import integer, number
from ..ops import cross_entropy, softmax
from ..tensor import Tensor
from .checks import check_choice, check_flag
from .descent import Descent, Rows, draw_seed
from .early_stopping import BestWeights, split
from .estimator import ScoreClassifier
from .mlp import MLP
from .penalty import Penalty, soft_threshold

# By the names of pydl.nn; `activations.py` has these as functions, the sigmoid as "logistic".
HIDDEN_LAYERS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


@dataclass(kw_only=True, eq=False)
class MLPClassifier(Descent, Penalty, ScoreClassifier):
    """Hidden layers a⁽ˡ⁾ = h(W⁽ˡ⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁾), a linear output layer and softmax, of any depth.

    The loss is the mean cross-entropy of the rows of a step plus the penalty (l1, l2) on the weights; its gradient
    comes from autograd. `hidden`: widths of the hidden layers, () for none. `optimizer`: "adam", or "sgd" with
    `momentum`. `dropout`: the share of hidden outputs that are masked in training. `early_stopping` keeps the
    weights of the epoch with the least loss on a share `validation` of the rows, which are then not learnt from, and
    ends `patience` epochs after it. float32 rows are computed as float32, others as float64.

    `network_`: the layers, a pydl.nn module; `cost_`: the mean loss of all rows (penalty included) after each epoch;
    with early stopping `validation_cost_`, and `best_epoch_`, counted from 0.
    (Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.)
    """

    eta: float = 1e-3
    epochs: int = 100
    mode: str = "minibatch"
    hidden: tuple[int, ...] = (100,)
    activation: str = "relu"
    optimizer: str = "adam"
    momentum: float = 0.0
    dropout: float = 0.0
    early_stopping: bool = False
    validation: float = 0.2
    patience: int = 10

    network_: MLP = field(init=False, repr=False)

    def fit(self, X: Any, y: Any, init: Any = None, callback: Callable[[Any], None] | None = None) -> Self:
        """X (rows, features), y (rows,) of two classes or more.

        Starts from `init`, one pair (weight (out, in), bias (out,)) for each layer, or from PyTorch's random values.
        TypeError or ValueError for hyper-parameters, rows, classes or an `init` that do not fit, and with early
        stopping for a class of a single row; DivergenceError where the cost is no longer finite.
        """
        self._check_params()
        X, labels = self._check_training(X, y)
        generator = self._generator()
        with random.fork_rng(draw_seed(generator)):
            self.network_ = self._make_network(X.dtype)
            self._start_from(init)
            self._learn(from_numpy(X), from_numpy(labels), callback, generator)
        return self

    def _make_network(self, dtype: Any) -> MLP:
        sizes = self.n_features_in_, len(self.classes_), self.hidden
        return MLP(*sizes, self.dropout, HIDDEN_LAYERS[self.activation]).to(dtype)

    def _learn(self, X: Tensor, y: Tensor, callback: Callable[[Any], None] | None, generator: random.Generator) -> None:
        network, optimizer = self.network_, self._make_optimizer()
        best = None
        if self.early_stopping:
            rows, held = split(y.numpy(), self.validation, generator)
            unseen = X[held], y[held]
            best = BestWeights(network, lambda: self._mean_loss(*unseen), self.patience)
            X, y = X[rows], y[rows]

        def step(rows: Rows) -> None:
            loss = cross_entropy(network(X[rows]), y[rows])
            if self.l2:
                loss = loss + self.l2 / 2 * sum(w.square().sum() for w in self._weights())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            for w in self._weights():
                soft_threshold(w.detach().numpy(), self.eta * self.l1)

        def cost() -> float:
            return self._mean_loss(X, y) + sum(self._penalty(w.detach().numpy()) for w in self._weights())

        network.train()
        self._descend(len(X), step, cost, callback, best.stop if best else lambda: False, generator)
        network.eval()
        if best:
            best.restore()
            self.validation_cost_, self.best_epoch_ = best.costs, best.epoch

    def _mean_loss(self, X: Tensor, y: Tensor) -> float:
        """Mean cross-entropy of all rows, without dropout."""
        mode = self.network_.training
        self.network_.eval()
        with no_grad():
            loss = float(cross_entropy(self.network_(X), y))
        self.network_.train(mode)
        return loss

    def _weights(self) -> list[Tensor]:
        """What is penalised: weights, not biases."""
        return [p for name, p in self.network_.named_parameters() if name.endswith("weight")]

    def _make_optimizer(self) -> optim.Optimizer:
        if self.optimizer == "adam":
            return optim.Adam(self.network_.parameters(), lr=self.eta)
        return optim.SGD(self.network_.parameters(), lr=self.eta, momentum=self.momentum)

    def _start_from(self, init: Any) -> None:
        layers = [layer for layer in self.network_.layers if isinstance(layer, nn.Linear)]
        if init is None:
            return
        try:
            pairs = [tuple(np.asarray(value, np.float64) for value in pair) for pair in init]
        except (TypeError, ValueError):
            raise ValueError(f"[{self._name}.fit] expected init as pairs (weight, bias), got {init!r}") from None
        given = [tuple(value.shape for value in pair) for pair in pairs]
        wanted = [(layer.weight.shape, layer.bias.shape) for layer in layers]
        if given != wanted:
            raise ValueError(f"[{self._name}.fit] expected init as weights and biases of shapes {wanted}, got {given}")
        with no_grad():
            for layer, (weight, bias) in zip(layers, pairs, strict=True):
                layer.weight.copy_(from_numpy(weight.astype(layer.weight.dtype)))
                layer.bias.copy_(from_numpy(bias.astype(layer.bias.dtype)))

    def _check_params(self) -> None:
        super()._check_params()
        self._check_penalty()
        function = f"{self._name}.fit"
        if not isinstance(self.hidden, tuple | list):
            raise TypeError(f"[{function}] expected hidden as a tuple of widths, got {type(self.hidden).__name__}")
        for width in self.hidden:
            integer(function, "hidden", width, 1)
        check_choice(function, "activation", self.activation, HIDDEN_LAYERS)
        check_choice(function, "optimizer", self.optimizer, ("adam", "sgd"))
        number(function, "momentum", self.momentum, 0, 1)
        number(function, "dropout", self.dropout, 0, 1, below=True)
        check_flag(function, "early_stopping", self.early_stopping)
        number(function, "validation", self.validation, 0, 1, above=True, below=True)
        integer(function, "patience", self.patience, 1)

    def _scores(self, X: np.ndarray) -> np.ndarray:
        dtype = next(self.network_.parameters()).dtype
        with no_grad():
            return self.network_(from_numpy(X.astype(dtype))).numpy()

    def predict_proba(self, X: Any) -> np.ndarray:
        """(rows, classes): the probabilities of `classes_`."""
        return softmax(from_numpy(self._scores(self._check_rows("predict_proba", X))), 1).numpy()

    def __getstate__(self) -> dict[str, Any]:
        """For copies and other processes: arrays in the place of the network."""
        state = dict(vars(self))
        if "network_" in state:
            state["network_"] = [(name, value.numpy()) for name, value in self.network_.state_dict().items()]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if "network_" in state:
            arrays = dict(state["network_"])
            self.network_ = self._make_network(arrays["layers.0.weight"].dtype)
            self.network_.load_state_dict({name: from_numpy(value) for name, value in arrays.items()})
            self.network_.eval()
