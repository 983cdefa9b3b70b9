"""Unrolled GAN: a generator that looks K steps of the discriminator ahead.

Metz, Poole, Pfau and Sohl-Dickstein 2017 (arXiv:1611.02163). The networks for points are those of the authors'
notebook: tanh, weights times 1.4 and a discriminator of two layers, for the paper's ReLU, 0.8 and one. The paper moves
both players at 1e-4, the notebook the generator at 1e-3; batches of 512 are the notebook's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ... import nn, ops
from ...autograd import enable_grad, grad, no_grad
from ...checks import integer
from ...creation import from_numpy, ones_like, zeros_like
from ...gan import NON_SATURATING, GANTask, Samples
from ...tensor import Tensor
from .assemble import Config, Networks, Variant, is_image, spectrally_normalised
from .networks import SHARED, pair, presets
from .perceptrons import MLPDiscriminator, MLPGenerator

Step = Callable[[Sequence[Tensor], Sequence[Tensor]], "list[Tensor]"]
GAIN = 1.4


@contextmanager
def replaced(module: nn.Module, weights: Sequence[Tensor]) -> Iterator[None]:
    """Inside, `module` computes with `weights`, tensors of any tape, in place of its parameters in their order."""
    owners: dict[int, list[tuple[dict[str, Any], str]]] = {}
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None:
                owners.setdefault(id(parameter), []).append((part._parameters, name))
    own = list(module.parameters())
    try:
        for parameter, weight in zip(own, weights, strict=True):
            for table, name in owners[id(parameter)]:
                table[name] = weight
        yield
    finally:
        for parameter in own:
            for table, name in owners[id(parameter)]:
                table[name] = parameter


def step_rates(optimizer: Any, steps: int) -> np.ndarray:
    """(steps, parameters, 3): lr, 1 - β₁ᵗ and 1 - β₂ᵗ for the next `steps` steps; β = 0 if `optimizer` has none."""
    rows = []
    for group in optimizer.param_groups:
        (b1, b2), lr = group.get("betas", (0.0, 0.0)), group["lr"]
        for p in group["params"]:
            done = optimizer.state.get(p, {}).get("step", 0)
            rows.append([(lr, 1 - b1**t, 1 - b2**t) for t in range(done + 1, done + steps + 1)])
    return np.array(rows).reshape(len(rows), steps, 3).swapaxes(0, 1)


def descent(rates: Tensor) -> Step:
    """w ← w - lr · g, on the tape; `rates` as `step_rates` gives them."""
    rows = iter(rates)

    def step(weights: Sequence[Tensor], slopes: Sequence[Tensor]) -> list[Tensor]:
        return [w - g * lr for w, g, (lr, _, _) in zip(weights, slopes, next(rows), strict=True)]

    return step


def adam_like(optimizer: Any, rates: Tensor) -> Step:
    """The steps that `optimizer`, an Adam, would do from where it stands, on the tape; it is left as it is.

    `rates` as `step_rates` gives them. Where the mean of g² is 0 its root has the gradient 0. ValueError for weight
    decay, amsgrad or maximising.
    """
    options = [(p, group) for group in optimizer.param_groups for p in group["params"]]
    if any(group["weight_decay"] or group["amsgrad"] or group["maximize"] for _, group in options):
        raise ValueError("[adam_like] expected an Adam without weight_decay, amsgrad and maximize, got one with")
    state, rows = [dict(optimizer.state.get(p, {})) for p, _ in options], iter(rates)

    def step(weights: Sequence[Tensor], slopes: Sequence[Tensor]) -> list[Tensor]:
        moved = []
        for w, g, kept, (_, group), rate in zip(weights, slopes, state, options, next(rows), strict=True):
            (b1, b2), (lr, first, second) = group["betas"], rate
            mean = kept["exp_avg"] = _running(kept.get("exp_avg"), g, b1)
            square = kept["exp_avg_sq"] = _running(kept.get("exp_avg_sq"), g * g, b2)
            root = _root(square / second) + group["eps"]
            moved.append(w - mean / first / root * lr)
        return moved

    return step


def _running(mean: Tensor | None, value: Tensor, beta: float) -> Tensor:
    return value * (1 - beta) if mean is None else mean * beta + value * (1 - beta)


def _root(square: Tensor) -> Tensor:
    positive = square > 0
    return ops.where(positive, ops.sqrt(ops.where(positive, square, ones_like(square))), zeros_like(square))


class UnrolledTask(GANTask):
    """The generator descends f_K(G, D) = f(G, D^K), D^{k+1} = D^k + η ∇_D f(G, D^k), through all K steps (eq. 5-9).

    f = -L_D is the value of the game, with its term of real samples: that depends on the generator too, since D^K does.
    (The authors' code has no non-saturating loss here either.) The K steps use the real samples of the minibatch and
    the generator's samples of this step, and are forgotten afterwards: the discriminator itself moves by ordinary steps
    (eq. 10), and so do its running statistics. `inner` is "sgd", with the rate of the discriminator's optimizer, or
    "adam": what that optimizer would do from where it stands, as in the authors' code. `unroll` = 0 is the ordinary
    GAN, with the generator's loss of its objective. TypeError or ValueError for an `unroll` that is no integer >= 0 and
    another `inner`.
    """

    def __init__(self, *networks: Any, unroll: int = 5, inner: str = "adam", **parts: Any) -> None:
        super().__init__(*networks, **parts)
        if inner not in ("sgd", "adam"):
            raise ValueError(f'[UnrolledTask] expected inner to be "sgd" or "adam", got {inner!r}')
        self.unroll, self.inner = integer("UnrolledTask", "unroll", unroll, 0), inner
        self.rates = from_numpy(step_rates(self.optimizer_d, unroll)).to(self._dtype())

    def _dtype(self) -> Any:
        return next(iter(self.discriminator.parameters())).dtype

    def generator_step(self, real: Samples) -> None:
        # What changes from step to step goes through the memory of one tensor, which a recorded step reads.
        self.rates.copy_(from_numpy(step_rates(self.optimizer_d, self.unroll)).to(self._dtype()))
        super().generator_step(real)

    def generator_loss(self, fake: Samples) -> Tensor:
        if self.unroll == 0:
            return super().generator_loss(fake)
        assert self.real is not None
        kept = [buffer.clone() for buffer in self.discriminator.buffers()]
        with replaced(self.discriminator, self.look_ahead(fake)):
            loss, _figures = self.discriminator_loss(self.real, fake)
        with no_grad():
            for buffer, value in zip(self.discriminator.buffers(), kept, strict=True):
                buffer.copy_(value)
        return -loss

    def look_ahead(self, fake: Samples) -> list[Tensor]:
        """The discriminator's parameters after K steps against `fake`, as functions of it."""
        assert self.real is not None
        weights = [p.detach().clone().requires_grad_() for p in self.discriminator.parameters()]
        step = adam_like(self.optimizer_d, self.rates) if self.inner == "adam" else descent(self.rates)
        with enable_grad():
            for _ in range(self.unroll):
                with replaced(self.discriminator, weights):
                    loss, _figures = self.discriminator_loss(self.real, fake)
                weights = step(weights, grad(loss, weights, create_graph=True))
        return weights


def begin(module: nn.Module) -> None:
    """Orthogonal weights times 1.4 and biases 0, as in the authors' code."""
    if isinstance(module, nn.Linear):
        nn.init.orthogonal_(module.weight, GAIN)
        nn.init.zeros_(module.bias)


def with_tanh(module: Any) -> nn.Module:
    """The perceptron `module` with tanh between its layers, initialised."""
    layers = module.layers
    for i, layer in enumerate(layers):
        if isinstance(layer, (nn.ReLU, nn.LeakyReLU)):
            layers[i] = nn.Tanh()
    return module.apply(begin)


def networks(config: Config) -> Networks:
    """For points two perceptrons with tanh, as in the authors' code; small DCGANs for images."""
    if is_image(config):
        return pair(config)
    shape, hidden = tuple(config["shape"]), list(config["hidden"])
    generator = with_tanh(MLPGenerator(config["noise"], shape, hidden, scale=config["scale"]))
    return generator, spectrally_normalised(with_tanh(MLPDiscriminator(shape, hidden, scale=config["scale"])), config)


def parts(config: Config) -> dict[str, Any]:
    """The losses of the first GAN, and how the generator looks ahead."""
    return {"objective": NON_SATURATING, "unroll": config["unroll"], "inner": config["inner"]}


DIGITS = {"epochs": 40, "batch_size": 16, "lr": 2e-4, "lr_g": 2e-3, "lr_schedule": "late-linear"}
PRESETS = presets(DIGITS, {"lr_g": 1e-3})
PRESETS["grid"]["scale"] = 1.0  # tanh of narrower points tells too few modes apart
OWN = {"data": "ring", "lr": 1e-4, "lr_g": 1e-3, "unroll": 5, "inner": "adam"}
ENTRY = Variant(
    "unrolled-gan",
    "GAN whose generator looks K steps of the discriminator ahead (Metz et al. 2017)",
    {**SHARED, **OWN},
    networks,
    parts,
    PRESETS,
    task=UnrolledTask,
    paper={"lr_g": 1e-4, "batch_size": 512, "noise": 256, "noise_kind": "normal"},
).entry()
