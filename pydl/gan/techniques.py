"""The techniques of Salimans et al. 2016 (arXiv:1606.03498), each a part that any variant can take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import ops, recording
from ..creation import ones, zeros
from ..nn import Module, Parameter, init
from ..tensor import Tensor
from .losses import Objective, non_saturating_loss


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """‖E f(x) - E f(G(z))‖₂² for features f (N, …): section 3.1. The real features are held fixed."""
    return (real.detach().flatten(1).mean(0) - fake.flatten(1).mean(0)).square().sum()


def smoothed_discriminator_loss(real: Tensor, fake: Tensor, target: float = 0.9) -> Tensor:
    """-target · E log D(x) - (1 - target) · E log(1 - D(x)) - E log(1 - D(G(z))): one-sided, section 3.4.

    The label of generated samples stays 0: were it β, the best D, (α p_data + β p_g) / (p_data + p_g), would keep
    samples where they are wherever p_data is small.
    """
    on_real = ops.softplus(-real).mean() * target + ops.softplus(real).mean() * (1.0 - target)
    return on_real + ops.softplus(fake).mean()


def smoothed(target: float = 0.9) -> Objective:
    """The non-saturating game with real labels of `target` instead of 1: `smoothed_discriminator_loss` (section 3.4).

    ValueError for a target outside (0.5, 1].
    """
    if not 0.5 < target <= 1.0:
        raise ValueError(f"[smoothed] expected target in (0.5, 1], got {target!r}")
    return Objective(lambda real, fake: smoothed_discriminator_loss(real, fake, target), non_saturating_loss)


def real_logit(scores: Tensor) -> Tensor:
    """The logit of D(x) = Z / (Z + 1), Z = Σ exp l_k, from the scores (N, K) of K real classes: log Z, (N, 1).

    The score of the class K + 1, generated, is fixed at 0 (section 5).
    """
    return ops.logsumexp(scores, 1, keepdim=True)


class MinibatchDiscrimination(Module):
    """Features (N, A) → (N, A + B): beside each sample's features how close it is to the others of its batch.

    M = f T for T of shape (A, B · C); c_b(i, j) = exp(-‖M_ib - M_jb‖₁); o(i)_b = Σ_j c_b(i, j), which counts the
    sample itself as 1 (section 3.2).
    """

    def __init__(self, features: int, kernels: int, size: int) -> None:
        super().__init__()
        self.kernels, self.size = kernels, size
        self.weight = Parameter(zeros(features, kernels * size))
        init.normal_(self.weight, 0.0, 0.1)

    def forward(self, features: Tensor) -> Tensor:
        rows = (features @ self.weight).reshape(-1, self.kernels, self.size)
        apart = (rows.unsqueeze(0) - rows.unsqueeze(1)).abs().sum(3)
        return ops.cat([features, ops.exp(-apart).sum(1)], 1)


class HistoricalAverage:
    """‖θ - 1/t Σ θ[i]‖₂², a cost for each player that pulls it to the mean of its past (section 3.3)."""

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        self.parameters = list(parameters)
        self.means = [zeros(p.shape, dtype=p.dtype) for p in self.parameters]
        self.count = 0

    def update(self) -> None:
        """Add the parameters as they are now to the past."""
        recording.refuse("it moves an average of weights")
        self.count += 1
        for mean, p in zip(self.means, self.parameters, strict=True):
            mean._data += (p._data - mean._data) / self.count

    def cost(self) -> Tensor | float:
        """The squared distance to the mean; 0 where there is no past."""
        if self.count == 0:
            return 0.0
        pairs = zip(self.parameters, self.means, strict=True)
        return sum(((p - mean.clone()).square().sum() for p, mean in pairs), start=zeros(()))

    def state_dict(self) -> dict[str, Any]:
        return {"means": [mean.clone() for mean in self.means], "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for mean, value in zip(self.means, state["means"], strict=True):
            mean.copy_(value)
        self.count = int(state["count"])


class VirtualBatchNorm(Module):
    """Each sample normalised by the mean and variance of a fixed reference batch and itself (section 3.5).

    The first `references` rows of the input (R + N, C) or (R + N, C, H, W) are the reference batch, which is
    normalised by itself alone; of the others, each weighs as much as one of the references. A sample's output does not
    depend on the other samples. ValueError for an input of fewer rows than references.
    """

    def __init__(self, num_features: int, references: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.references, self.eps = references, eps
        self.weight, self.bias = Parameter(ones(num_features)), Parameter(zeros(num_features))

    def forward(self, input: Tensor) -> Tensor:
        count = self.references
        if input.ndim not in (2, 4) or input.shape[0] < count:
            raise ValueError(
                f"[VirtualBatchNorm] expected (N, C) or (N, C, H, W) with N >= {count}, got shape {input.shape}"
            )
        dims, spatial = ((0,), ()) if input.ndim == 2 else ((0, 2, 3), (2, 3))
        first, rest = input[:count], input[count:]
        mean, var = first.mean(dims, keepdim=True), first.var(dims, correction=0, keepdim=True)
        centre = rest.mean(spatial, keepdim=True) if spatial else rest
        mixed = (mean * count + centre) / (count + 1)
        around = (rest - mixed).square()
        around = around.mean(spatial, keepdim=True) if spatial else around
        spread = ((var + (mean - mixed).square()) * count + around) / (count + 1)
        parts = [self._scaled(first, mean, var), self._scaled(rest, mixed, spread)]
        shape = (1, -1) + (1,) * (input.ndim - 2)
        return ops.cat(parts, 0) * self.weight.reshape(*shape) + self.bias.reshape(*shape)

    def _scaled(self, rows: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        return (rows - mean) / ops.sqrt(var + self.eps)


class Referenced(Module):
    """`network` with a fixed batch before every input, for its VirtualBatchNorm layers; only the rest is returned."""

    def __init__(self, network: Module, reference: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("reference", reference)

    def forward(self, input: Tensor) -> Tensor:
        return self.network(ops.cat([self.reference, input], 0))[self.reference.shape[0] :]
