"""XOR: one layer cannot learn it, two can. Draws what each answers, and how descent went on the loss of one neuron.

python examples/xor.py [FOLDER]     writes xor.png and descent.png there (default: the current folder)
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from pydl import plot
from pydl.models import Adaline, LogisticRegression, MLPClassifier, Perceptron
from pydl.models.neuron import xor
from pydl.train.callbacks.extras import make_figure

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0, 1, 1, 0])


def models() -> dict[str, object]:
    """Name and fitted model: three of one layer, one of two."""
    return {
        "perceptron": Perceptron(epochs=50).fit(X, Y),
        "adaline": Adaline(mode="closed").fit(X, Y),
        "logistic": LogisticRegression(eta=0.5, epochs=200).fit(X, Y),
        "mlp": MLPClassifier(eta=0.05, epochs=300, mode="batch", hidden=(4,), activation="tanh").fit(X, Y),
    }


def descent(mode: str) -> tuple[np.ndarray, np.ndarray, list[tuple[float, float]]]:
    """Points on a noisy line, their labels, and the places (w, b) that Adaline went through."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 1))
    y = (x[:, 0] + 0.4 * rng.normal(size=60) > 0.3).astype(int)
    path = [(-0.5, 0.8)]
    Adaline(eta=0.004, epochs=15, mode=mode).fit(
        x, y, init=([path[0][0]], path[0][1]), callback=lambda m: path.append((float(m.w_[0]), float(m.b_)))
    )
    return x[:, 0], np.where(y == 1, 1.0, -1.0), path


def main(folder: Path) -> None:
    print("two layers of McCulloch-Pitts neurons:", [xor(a, b) for a, b in X.astype(int)])
    figure = make_figure(figsize=(12.5, 3.4), dpi=72, layout="constrained")
    for place, (name, model) in enumerate(models().items()):
        print(f"{name:12} {model.score(X, Y):.2f} of the four right")
        plot.decision_regions(model, X, Y, axes=figure.add_subplot(1, 4, place + 1, title=name), margin=0.3)
    figure.savefig(folder / "xor.png")
    x, t, path = descent("batch")
    figure = plot.loss_surface(lambda w, b: 0.5 * ((t - (w * x + b)) ** 2).sum(), path)
    figure.savefig(folder / "descent.png")
    print(f"pictures in {folder.resolve()}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
