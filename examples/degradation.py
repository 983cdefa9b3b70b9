"""The degradation of plain deep networks, and how shortcuts cure it: He et al. 2016, section 4.2, at a small scale.

Trains plain networks and ResNets of 20 and 56 layers alike and prints their errors. Deeper plain networks fit even
the training images worse; deeper ResNets do not.

    python examples/degradation.py
    python examples/degradation.py --data fashion-mnist --images 5000 --epochs 10

What it printed is in degradation.md.
"""

import argparse
import time

import pydl
from pydl import data, models
from pydl.train import LearningRateSchedule, fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--images", type=int, default=10**9, help="how many training images at most (default: all)")
    parser.add_argument("--networks", nargs="+", default=["plain20", "plain56", "resnet20", "resnet56"])
    parser.add_argument("--width", type=int, default=8, help="maps of the first stage; the paper has 16")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    args = parser.parse_args()
    print(f"{'network':<10} {'seed':>4} {'parameters':>11} {'train loss':>11} {'train error':>12} {'test error':>11}")
    for seed in args.seeds:
        for name in args.networks:
            print(train(name, seed, args), flush=True)


def train(name: str, seed: int, args: argparse.Namespace) -> str:
    """One training; a line with its figures over the last epoch."""
    entry, started = models.get(name), time.monotonic()
    config = entry.config(
        data=args.data, width=args.width, epochs=args.epochs, batch_size=args.batch_size, augment="none", seed=seed
    )
    sets = entry.prepare(subset(args.data, args.images), config)
    task = entry.build(sets, config)
    pydl.manual_seed(seed)
    loader = data.DataLoader(sets.train, args.batch_size, shuffle=True, drop_last=True, seed=seed)
    schedule = LearningRateSchedule([task.optimizer], config["lr_schedule"])
    last = fit(task, loader, args.epochs, callbacks=[schedule]).epochs[-1]
    count = sum(p.numel() for p in task.model.parameters())
    train_error, test_error = 1 - last["accuracy"], 1 - last["test_accuracy"]
    figures = f"{count:>11,} {last['loss']:>11.4f} {train_error:>12.2%} {test_error:>11.2%}"
    return f"{name:<10} {seed:>4} {figures}   {time.monotonic() - started:.0f} s"


def subset(name: str, count: int) -> models.Data:
    """The data set with at most `count` training images, the first ones."""
    train, test = data.load(name, "train"), data.load(name, "test")
    arrays = [array[:count] for array in train.arrays]
    first = data.ArrayDataset(*arrays, transform=train.transform, name=name, classes=train.classes)
    return models.Data(first, test)


if __name__ == "__main__":
    main()
