"""The discriminator's best answer, and the end of the game, on the line: figure 1 of Goodfellow et al. 2014.

A generator x = a + b z, whose density is known, plays against a small network for normal data. Four panels: the
network before training; after training against the first generator, beside D* = p_data / (p_data + p_g); the generator
on its way; and at the end, where p_g = p_data, D = 1/2 and V = -log 4.

    python examples/optimal_discriminator.py
    python examples/optimal_discriminator.py --out picture.png --seed 1
"""

import argparse
import math
from pathlib import Path

import numpy as np

import pydl
from pydl import games, gan, nn, optim
from pydl.train.callbacks.extras import make_figure

MEAN, STD = 0.0, 1.0  # of the data
X = np.linspace(-5, 5, 1001)


class Line(nn.Module):
    """x = a + b z: normal with mean a and standard deviation |b| for normal z."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean, self.std = (nn.Parameter(pydl.tensor([value])) for value in (mean, std))

    def forward(self, noise: pydl.Tensor) -> pydl.Tensor:
        return self.mean + self.std * noise

    def density(self) -> np.ndarray:
        return normal(self.mean.item(), abs(self.std.item()))


def normal(mean: float, std: float) -> np.ndarray:
    return np.exp(-(((X - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1500, help="of each training (default 1500)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("optimal_discriminator.png"))
    args = parser.parse_args(argv)
    figure = make_figure(figsize=(13, 3.4), dpi=70, layout="constrained")
    for i, (title, generator, discriminator) in enumerate(stages(args.steps, args.seed)):
        d, p_g = belief(discriminator), generator.density()
        axes = figure.add_subplot(1, 4, i + 1, title=title)
        draw(axes, generator, p_g, d)
        print(describe(title, normal(MEAN, STD), p_g, d))
    axes.legend(loc="upper right")
    figure.savefig(args.out, format="png")
    print(f"-log 4 = {-math.log(4):.4f}; the picture is in {args.out}")


def stages(steps: int, seed: int):
    """(title, generator, discriminator) at four moments of the game; the last two come from one GANTask."""
    pydl.manual_seed(seed)
    start = Line(2.0, 0.6)
    yield "D untrained", start, network()
    yield "D trained, G held fixed", start, games.fit_discriminator(real, fakes_of(start), steps=steps, seed=seed)
    task = adversaries(Line(2.0, 0.6), seed)
    rng = np.random.default_rng(seed)
    for title, share in (("G on its way", 0.1), ("at the end", 1.0)):
        while task.steps < share * steps:
            rate = 1 - task.steps / steps
            for optimizer, most in ((task.optimizer_g, 0.01), (task.optimizer_d, 0.01)):
                optimizer.param_groups[0]["lr"] = most * rate
            task.step(pydl.from_numpy(real(512, rng).astype(np.float32).reshape(-1, 1)))
        yield title, task.generator, task.discriminator


def adversaries(generator: Line, seed: int) -> gan.GANTask:
    discriminator = network()
    rates = {"lr": 0.01, "betas": (0.5, 0.99)}
    optimizers = optim.Adam(generator.parameters(), **rates), optim.Adam(discriminator.parameters(), **rates)
    return gan.GANTask(generator, discriminator, *optimizers, gan.Noise(1, "normal"), k=1, centre=False, seed=seed)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


def real(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(MEAN, STD, count)


def fakes_of(generator: Line):
    return lambda count, rng: rng.normal(generator.mean.item(), abs(generator.std.item()), count)


def belief(discriminator: nn.Module) -> np.ndarray:
    with pydl.no_grad():
        return pydl.sigmoid(discriminator(pydl.tensor(X[:, None].astype(np.float32)))).numpy()[:, 0].astype(float)


def describe(title: str, p_data: np.ndarray, p_g: np.ndarray, d: np.ndarray) -> str:
    best, seen = games.optimal_discriminator(p_data, p_g), p_data + p_g > 0.02
    value, most = (games.game_value(p_data, p_g, other, spacing=X[1] - X[0]) for other in (d, None))
    off = np.abs(d - best)[seen].max()
    return f"{title:<24} V(D, G) = {value:.4f}, V(D*, G) = {most:.4f}, |D - D*| <= {off:.3f} where p_data + p_g > 0.02"


def draw(axes, generator: Line, p_g: np.ndarray, d: np.ndarray) -> None:
    """Densities, D and D*; below them where G takes equally spaced z, as arrows."""
    p_data = normal(MEAN, STD)
    axes.plot(X, p_data, "k:", label="p_data")
    axes.plot(X, p_g, "g-", label="p_g")
    axes.plot(X, d, "b--", label="D")
    axes.plot(X, games.optimal_discriminator(p_data, p_g), color="tab:orange", lw=1, label="D*")
    for z in np.linspace(-2, 2, 9):
        to = generator.mean.item() + generator.std.item() * z
        axes.annotate("", (to, -0.08), (z, -0.3), arrowprops={"arrowstyle": "->", "lw": 0.6})
    axes.text(-4.9, -0.12, "x")
    axes.text(-4.9, -0.34, "z")
    axes.set(xlim=(-5, 5), ylim=(-0.36, 1.05))


if __name__ == "__main__":
    main()
