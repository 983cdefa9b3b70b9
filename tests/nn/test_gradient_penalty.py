"""WGAN-GP's penalty (Gulrajani et al. 2017, eq. 3) through layers: its gradients against central differences."""

import numpy as np
import pytest

import pydl
from pydl import nn
from pydl.testing import gradcheck, gradgradcheck

CRITICS = {
    "conv": lambda: nn.Sequential(nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Flatten()),
    "smooth": lambda: nn.Sequential(nn.Conv2d(1, 2, 2), nn.Tanh(), nn.Conv2d(2, 2, 2), nn.SiLU(), nn.Flatten()),
    "activations": lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.ELU(), nn.Softplus(), nn.GELU(), nn.Flatten()),
    "batch_norm": lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Tanh(), nn.Flatten()),
    "batch_norm_eval": lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Tanh(), nn.Flatten()).eval(),
    "layer_norm": lambda: nn.Sequential(nn.Conv2d(1, 2, 2), nn.LayerNorm((2, 3, 3)), nn.LeakyReLU(0.2), nn.Flatten()),
    "group_norm": lambda: nn.Sequential(nn.Conv2d(1, 2, 2), nn.GroupNorm(1, 2), nn.ReLU(), nn.Flatten()),
    "instance_norm": lambda: nn.Sequential(nn.Conv2d(1, 2, 2), nn.InstanceNorm2d(2, affine=True), nn.Sigmoid(),
                                           nn.Flatten()),
    "pools": lambda: nn.Sequential(nn.Conv2d(1, 2, 1), nn.MaxPool2d(2, 1), nn.Tanh(), nn.AvgPool2d(2, 1), nn.Flatten()),
    "transpose": lambda: nn.Sequential(nn.ConvTranspose2d(1, 2, 2, stride=2), nn.Tanh(), nn.Conv2d(2, 1, 4, 2),
                                       nn.Flatten()),
}  # fmt: skip


class Penalised:
    """A critic with a last layer, and the inputs it is checked at, in float64."""

    def __init__(self, name):
        pydl.manual_seed(2)
        body = CRITICS[name]().double()
        data = np.random.default_rng(4).standard_normal((2, 1, 4, 4))
        self.x = pydl.tensor(data, requires_grad=True)
        features = body(self.x).shape[1]
        self.critic = nn.Sequential(body, nn.Linear(features, 1).double())
        with pydl.no_grad():
            for parameter in self.critic.parameters():
                parameter.add_(pydl.randn(parameter.shape, dtype="float64") * 0.3)
        self.inputs = [self.x, *self.critic.parameters()]

    @pydl.enable_grad()
    def penalty(self, *_):
        score = self.critic(self.x)
        (slope,) = pydl.grad(score.sum(), self.x, create_graph=True)
        return ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean() * 10.0


@pytest.mark.parametrize("name", CRITICS)
def test_gradient_of_the_penalty(name):
    case = Penalised(name)
    assert gradcheck(case.penalty, case.inputs)


@pytest.mark.parametrize("name", ["smooth", "batch_norm", "conv"])
def test_second_gradient_of_the_penalty(name):
    case = Penalised(name)
    assert gradgradcheck(case.penalty, case.inputs)
