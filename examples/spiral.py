"""min over y of max over x of xy: players who move at once spiral out, players who take turns go round.

    python examples/spiral.py
    python examples/spiral.py --rate 0.5 --steps 40 --out picture.png

Prints how far they are from the equilibrium (0, 0), beside the formula for those who move at once.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from pydl import games
from pydl.train.callbacks.extras import make_figure

START = 1.0, 0.0


def paths(rate: float, steps: int) -> dict[str, np.ndarray]:
    """The points (steps + 1, 2) that both kinds of players visit from the same start."""
    turns = {"at once": False, "in turn": True}
    return {
        name: games.xy_game(*START, rate=rate, steps=steps, alternating=alternating)
        for name, alternating in turns.items()
    }


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=0.2, help="of both players (default 0.2)")
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--out", type=Path, default=Path("spiral.png"))
    args = parser.parse_args(argv)
    found = paths(args.rate, args.steps)
    print(f"{'step':>4} {'(1 + rate²)^(step/2)':>21} {'at once':>9} {'in turn':>9}")
    for step in range(0, args.steps + 1, max(1, args.steps // 4)):
        distances = [math.hypot(*path[step]) for path in found.values()]
        print(f"{step:>4} {(1 + args.rate**2) ** (step / 2):>21.4f} {distances[0]:>9.4f} {distances[1]:>9.4f}")
    draw(found, args.rate).savefig(args.out, format="png")
    print(f"the picture is in {args.out}")


def draw(found: dict[str, np.ndarray], rate: float):
    """Both paths, their ends as stars, their start and the equilibrium (+)."""
    figure = make_figure(figsize=(5.6, 5), dpi=80, layout="constrained")
    axes = figure.add_subplot(1, 1, 1, title=f"min over y of max over x of xy, rate {rate:g}")
    for (name, path), colour in zip(found.items(), ("tab:orange", "tab:blue"), strict=True):
        axes.plot(*path.T, ".-", color=colour, lw=1, ms=3, label=name)
        axes.plot(*path[-1], "*", color=colour, ms=12)
    axes.plot(*START, "ko", ms=5, label="start")
    axes.plot(0, 0, "k+", ms=10, label="equilibrium")
    axes.set(xlabel="x", ylabel="y", aspect="equal")
    axes.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    main()
