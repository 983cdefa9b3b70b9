"""Five ways against overfitting, each measured: L1, L2, elastic net, dropout, early stopping.

    python examples/overfitting.py            prints five tables, those of docs/neurons.md, in well under a minute
    python examples/overfitting.py --seed 7   with other data and other starts

Every model sees too little data, some of it wrong, and is judged on data it has not seen.
"""

from __future__ import annotations

import argparse

import numpy as np

from pydl import data
from pydl.models import LinearRegression, MLPClassifier

FEATURES, USEFUL, ROWS = 30, 5, 40


def few_useful_features(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of 30 features, of which 5 matter (with weights ±1); noise of standard deviation 1."""
    rng = np.random.default_rng([seed, rows])
    w = np.zeros(FEATURES)
    w[:USEFUL] = [1, -1, 1, -1, 1]
    X = rng.normal(size=(rows, FEATURES))
    return X, X @ w + rng.normal(size=rows)


def penalties(seed: int = 0, strength: float = 0.15) -> dict[str, dict[str, float]]:
    """Linear regression with each penalty: weights that are 0, length of w, squared error on seen and unseen rows."""
    X, y = few_useful_features(seed, ROWS)
    unseen = few_useful_features(seed, 1000)
    found = {}
    for name, l1, l2 in [
        ("none", 0, 0),
        ("L1", strength, 0),
        ("elastic net", strength / 2, strength / 2),
        ("L2", 0, strength),
    ]:
        mode = "batch" if l1 or l2 else "closed"
        model = LinearRegression(mode=mode, eta=0.2 / ROWS, epochs=600, l1=l1, l2=l2).fit(X, y)
        found[name] = {
            "zeros": int((model.w_ == 0).sum()),
            "length": float(np.linalg.norm(model.w_)),
            "seen": float(np.mean((y - model.predict(X)) ** 2)),
            "unseen": float(np.mean((unseen[1] - model.predict(unseen[0])) ** 2)),
        }
    return found


def few_digits(seed: int, rows: int = 200, wrong: float = 0.2) -> tuple[np.ndarray, ...]:
    """Some training digits (rows, 64) with a share of wrong labels, and the test digits with right ones."""
    train, test = (data.load("digits", part) for part in ("train", "test"))
    X, y, X_test, y_test = (
        np.array([np.asarray(pair[i]).ravel() for pair in map(part.__getitem__, range(len(part)))])
        for part in (train, test)
        for i in (0, 1)
    )
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(X))[:rows]
    labels = y[chosen, 0].copy()
    lies = rng.permutation(rows)[: round(wrong * rows)]
    labels[lies] = (labels[lies] + rng.integers(1, 10, len(lies))) % 10
    return X[chosen], labels, X_test, y_test[:, 0]


def cross_entropy(model: MLPClassifier, X: np.ndarray, y: np.ndarray) -> float:
    """Mean of -log of the probability given to the right class."""
    return float(-np.log(np.maximum(model.predict_proba(X)[np.arange(len(y)), y], 1e-30)).mean())


def dropout(seed: int = 0, epochs: int = 60) -> dict[str, dict[str, float]]:
    """A wide MLP with and without dropout: cross-entropy on seen and unseen digits, and the gap between them."""
    X, y, X_test, y_test = few_digits(seed)
    found = {}
    for name, p in [("without", 0.0), ("dropout 0.5", 0.5)]:
        model = MLPClassifier(hidden=(256,), epochs=epochs, eta=2e-3, dropout=p, random_state=seed).fit(X, y)
        seen, unseen = cross_entropy(model, X, y), cross_entropy(model, X_test, y_test)
        found[name] = {"seen": seen, "unseen": unseen, "gap": unseen - seen, "accuracy": model.score(X_test, y_test)}
    return found


def early_stopping(seed: int = 0, epochs: int = 200) -> dict[str, dict[str, float]]:
    """The same MLP to the end, and with the weights of the epoch that was best on rows held back.

    Two fifths are held back: a fifth, 40 rows of which 8 are labelled wrongly, says too little about the others.
    """
    X, y, X_test, y_test = few_digits(seed)
    found = {}
    for name, patience in [("to the end", None), ("early stopping", 10)]:
        model = MLPClassifier(
            hidden=(256,),
            epochs=epochs,
            eta=2e-3,
            early_stopping=patience is not None,
            validation=0.4,
            patience=patience or 1,
            random_state=seed,
        ).fit(X, y)
        found[name] = {
            "epochs": len(model.cost_),
            "kept": model.best_epoch_ + 1 if patience else len(model.cost_),
            "seen": cross_entropy(model, X, y),
            "unseen": cross_entropy(model, X_test, y_test),
            "accuracy": model.score(X_test, y_test),
        }
    return found


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    print(f"\n{title}")
    print(f"{'':16}" + "".join(f"{name:>12}" for name in next(iter(table.values()))))
    for name, row in table.items():
        cells = (f"{v:12d}" if isinstance(v, int) else f"{v:12.3f}" for v in row.values())
        print(f"{name:16}" + "".join(cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    show(f"Penalties: linear regression, {ROWS} rows, {USEFUL} of {FEATURES} features matter", penalties(seed))
    show("Dropout: 200 digits, a fifth of the labels wrong, 256 hidden units", dropout(seed))
    show("Early stopping: the same", early_stopping(seed))


if __name__ == "__main__":
    main()
