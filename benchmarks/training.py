"""A training step of a network in a library: the same source for pydl and PyTorch."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import networks
import numpy as np
import shapes

MODES = ("eager", "tuned", "compile")  # PyTorch's: as it comes; channels-last and fused Adam; that, compiled
OURS = ("eager", "capture")  # pydl's: as it comes; recorded steps
Step = Callable[..., Any]


class Library:
    """pydl or PyTorch, in one of its modes."""

    def __init__(self, name: str, mode: str = "eager") -> None:
        self.name, self.mode = name, mode
        self.root: Any = importlib.import_module(name)
        self.nn: Any = importlib.import_module(f"{name}.nn")
        self.F: Any = importlib.import_module(f"{name}.nn.functional")
        self.optim: Any = importlib.import_module(f"{name}.optim")

    def arrange(self, x: Any) -> Any:
        """A network or a batch in the mode's memory format."""
        if self.mode in OURS or (hasattr(x, "dim") and x.dim() != 4):
            return x
        return x.to(memory_format=self.root.channels_last)

    def tensor(self, x: np.ndarray) -> Any:
        """A copy in memory of the library's own, as the results of its layers have it."""
        return self.arrange(self.root.tensor(x))

    def network(self, make: Callable[[Any, Any], Any], start: dict[str, np.ndarray] | None) -> Any:
        net = make(self.nn, self.F)
        if start is not None:
            net.load_state_dict({name: self.root.from_numpy(value.copy()) for name, value in start.items()})
        return self.arrange(net)

    def callable(self, net: Any) -> Any:
        return self.root.compile(net) if self.mode == "compile" else net

    def whole(self, step: Step) -> Step:
        """The step as the mode runs it."""
        return self.root.capture(step) if self.mode == "capture" else step

    def adam(self, net: Any) -> Any:
        fused = {} if self.mode in OURS else {"fused": True}
        return self.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999), **fused)


def state_of(net: Any) -> dict[str, np.ndarray]:
    return {name: np.array(value.detach().numpy()) for name, value in net.state_dict().items()}


def start_states(name: str, library: Library) -> list[dict[str, np.ndarray]]:
    """The parameters that every library starts from, drawn by `library`."""
    library.root.manual_seed(0)
    makers = networks.GANS[name] if name in networks.GANS else (networks.CLASSIFIERS[name],)
    return [state_of(make(library.nn, library.F)) for make in makers]


def supervised_step(
    make: Callable[[Any, Any], Any], batch: tuple[int, ...], classes: int, library: Library, start: Any
) -> Step:
    """Forward, cross-entropy, backward, Adam of a network on one batch; gives the loss."""
    rng = np.random.default_rng(0)
    x = library.tensor(rng.standard_normal(batch, np.float32))
    y = library.root.from_numpy(rng.integers(0, classes, batch[0]))
    net = library.network(make, start)
    optimizer, forward, F = library.adam(net), library.callable(net), library.F

    def step() -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def classifier_step(name: str, library: Library, start: list[dict[str, np.ndarray]]) -> Step:
    size = shapes.CLASSIFIERS[name]
    return supervised_step(networks.CLASSIFIERS[name], size.batch, size.classes, library, start[0])


def gan_step(name: str, library: Library, start: list[dict[str, np.ndarray]]) -> Step:
    """One step of the discriminator and one of the generator, non-saturating; gives the first's loss.

    The noise is drawn within the step unless it is given.
    """
    size, F = shapes.GANS[name], library.F
    x = library.tensor(np.random.default_rng(0).standard_normal(size.batch, np.float32))
    g, d = (library.network(make, state) for make, state in zip(networks.GANS[name], start, strict=True))
    adam_g, adam_d, G, D = library.adam(g), library.adam(d), library.callable(g), library.callable(d)

    def step(noise: Any = None) -> Any:
        fake = G(library.root.randn(size.noise) if noise is None else noise)
        adam_d.zero_grad()
        loss = F.softplus(-D(x)).mean() + F.softplus(D(fake.detach())).mean()
        loss.backward()
        adam_d.step()
        adam_g.zero_grad()
        for p in d.parameters():
            p.requires_grad_(False)
        F.softplus(-D(fake)).mean().backward()
        adam_g.step()
        for p in d.parameters():
            p.requires_grad_(True)
        return loss

    return step


def make_step(name: str, library: Library, start: list[dict[str, np.ndarray]]) -> Step:
    return library.whole((gan_step if name in shapes.GANS else classifier_step)(name, library, start))


def losses(name: str, library: Library, step: Step, steps: int = 3) -> list[float]:
    """The losses of the first steps, on the same noise in every library."""
    given = ()
    if name in shapes.GANS:
        given = (library.tensor(np.random.default_rng(1).standard_normal(shapes.GANS[name].noise, np.float32)),)
    return [step(*given).item() for _ in range(steps)]
