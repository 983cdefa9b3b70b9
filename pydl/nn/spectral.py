"""Spectral normalisation of a layer's weight."""

from __future__ import annotations

from typing import Any

from .. import random
from ..autograd import no_grad
from ..tensor import Tensor
from . import functional as F
from .conv import ConvTranspose2d
from .module import Module
from .parameter import Parameter


class _Spectral:
    """What is done before each call of the layer: the weight is set to weight_orig / σ."""

    def __init__(self, name: str, steps: int, eps: float, dim: int) -> None:
        self.name, self.steps, self.eps, self.dim = name, steps, eps, dim

    def matrix(self, weight: Tensor) -> Tensor:
        """The weight with `dim` as its rows and all others as its columns."""
        order = [self.dim, *(i for i in range(weight.ndim) if i != self.dim)]
        return weight.permute(*order).flatten(1)

    def iterate(self, module: Module) -> None:
        """Power iteration: v ← Wᵀu / ‖Wᵀu‖, u ← Wv / ‖Wv‖."""
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        with no_grad():
            matrix = self.matrix(getattr(module, f"{self.name}_orig"))
            for _ in range(self.steps):
                v.copy_(F.normalize(matrix.T @ u, dim=0, eps=self.eps))
                u.copy_(F.normalize(matrix @ v, dim=0, eps=self.eps))

    def __call__(self, module: Module, inputs: tuple) -> None:
        if module.training:
            self.iterate(module)
        weight = getattr(module, f"{self.name}_orig")
        u, v = (getattr(module, f"{self.name}_{part}").clone() for part in "uv")
        sigma = (u * (self.matrix(weight) @ v)).sum()
        setattr(module, self.name, weight / sigma)

    def release(self, module: Module, inputs: tuple, output: Any) -> None:
        """Called after the layer: what its attribute shows is no longer on the tape."""
        setattr(module, self.name, getattr(module, self.name).detach())


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide `module`'s weight by its largest singular value σ, as a matrix of its outputs; returns the module.

    σ = uᵀWv, with u and v from `n_power_iterations` steps of power iteration before each call in training mode. The
    parameter is then `weight_orig`; the buffers `weight_u` and `weight_v` are saved with it. `dim` is that of the
    outputs: 0, and 1 for transposed convolutions. Miyato et al. 2018 (arXiv:1802.05957), Algorithm 1.
    """
    weight: Any = module._parameters.get(name)
    if not isinstance(weight, Parameter) or weight.ndim < 2:
        raise ValueError(f"[spectral_norm] expected a parameter {name!r} of two dimensions or more, got {weight!r:.60}")
    if type(n_power_iterations) is not int or n_power_iterations < 1:
        raise ValueError(f"[spectral_norm] expected n_power_iterations >= 1, got {n_power_iterations!r}")
    rows = int(isinstance(module, ConvTranspose2d)) if dim is None else dim
    hook = _Spectral(name, n_power_iterations, eps, rows)
    height, width = hook.matrix(weight).shape
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    for part, size in (("u", height), ("v", width)):
        start = F.normalize(random.randn(size, dtype=weight.dtype), dim=0, eps=eps)
        module.register_buffer(f"{name}_{part}", start.to(device=weight.device))
    setattr(module, name, weight.detach())
    module.register_forward_pre_hook(hook)
    module.register_forward_hook(hook.release)
    return module
