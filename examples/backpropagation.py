"""Backpropagation by hand beside autograd, and the graph it goes through.

python examples/backpropagation.py [FOLDER]     prints both, and writes neuron.svg and mlp.svg there
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import pydl
from pydl import autograd

Arrays = dict[str, np.ndarray]


def by_hand(x: np.ndarray, y: np.ndarray, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray) -> Arrays:
    """Gradients of L = ½ Σ_k (y_k - o_k)² in a net with one hidden layer a_j = tanh(z_j) and linear outputs o_k.

    ∂L/∂w_kj = -(y_k - o_k) a_j          ∂L/∂w_ji = -tanh′(z_j) [Σ_k (y_k - o_k) w_kj] x_i
    ∂L/∂b_k  = -(y_k - o_k)              ∂L/∂b_j  = -tanh′(z_j) [Σ_k (y_k - o_k) w_kj]
    """
    a = np.tanh(w1 @ x + b1)
    error = y - (w2 @ a + b2)
    back = (1 - a**2) * (error @ w2)
    return {"w1": -np.outer(back, x), "b1": -back, "w2": -np.outer(error, a), "b2": -error}


def by_autograd(x: np.ndarray, y: np.ndarray, parameters: Arrays) -> tuple[Arrays, str]:
    """The same gradients found by pydl, and the graph as SVG."""
    tensors = {name: pydl.tensor(value, requires_grad=True) for name, value in parameters.items()}
    w1, b1, w2, b2 = tensors.values()
    with autograd.Trace() as trace:
        o = w2 @ pydl.tanh(w1 @ pydl.from_numpy(x) + b1) + b2
        loss = 0.5 * (pydl.from_numpy(y) - o).square().sum()
    picture = autograd.graph_svg(loss, trace, {**tensors, "o": o, "L": loss})
    loss.backward()
    return {name: tensor.grad.numpy() for name, tensor in tensors.items()}, picture


def neuron() -> tuple[dict[str, float], str]:
    """One neuron, a = relu(w x + b), at x = 3: ∂a/∂b = 1 and ∂a/∂w = 3."""
    w, b = pydl.tensor(2.0, requires_grad=True), pydl.tensor(1.0, requires_grad=True)
    x = pydl.tensor(3.0)
    with autograd.Trace() as trace:
        u = w * x
        v = u + b
        a = pydl.relu(v)
    picture = autograd.graph_svg(a, trace, {"w": w, "x": x, "b": b, "u": u, "v": v, "a": a})
    a.backward()
    return {"∂a/∂b": b.grad.item(), "∂a/∂w": w.grad.item()}, picture


def main(folder: Path) -> None:
    gradients, picture = neuron()
    (folder / "neuron.svg").write_text(picture, encoding="utf-8")
    print(gradients)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=3), rng.normal(size=2)
    parameters = {name: rng.normal(size=s) for name, s in [("w1", (4, 3)), ("b1", 4), ("w2", (2, 4)), ("b2", 2)]}
    hand = by_hand(x, y, **parameters)
    found, picture = by_autograd(x, y, parameters)
    (folder / "mlp.svg").write_text(picture, encoding="utf-8")
    for name in parameters:
        print(f"{name}: largest difference {np.abs(hand[name] - found[name]).max():.1e}\n{found[name]}")
    print(f"pictures in {folder.resolve()}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
