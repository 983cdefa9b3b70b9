"""When a GAN is ill: a rule for each failure, as a function of what was measured at the checks so far.

A check takes place every n-th step. The first `WARM_UP` checks are of networks that still leave their start, when
every GAN looks ill: the discriminator wins at once, and all samples are alike. A rule speaks when what it is about
lasts for `PATIENCE` checks: healthy runs cycle for a while and come back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WARM_UP = 10
PATIENCE = 5
WINDOW = 400  # steps; of the whole training as many blocks of steps

RISING = 1.2  # times as many different samples; slow learners double them in `PATIENCE` checks
CERTAIN = 0.98  # of a batch told rightly. Healthy runs stay below 0.93; then V is within a tenth of its largest value
OUTRUN = 0.35  # worse than guessing by 4 standard deviations of 240 guesses
SURE = 0.95
FADED = 0.01  # of the largest gradient: an update that was one step is a hundred
NO_GRADIENT = 1e-5  # of the weights: 100,000 steps of length ‖g‖ to move by as much as the weights are long
GROWN = 10.0  # times the losses of the warm-up, and at least 10 nats: D(G(z)) = exp(-10)
# Whatever the warm-up was like, since a run may diverge in it. The discriminator's logarithms of probabilities stay
# below 10 in healthy runs, other losses below 100.
HUGE_NATS, HUGE = 100.0, 1e4
CYCLE = 0.6  # of the correlation with itself one period later: 1 for a cycle, below 0.45 for losses that only wander
RIPPLE = 0.1  # of the mean loss: a standard deviation below this is no cycle, however regular
PERIODS = 4  # in a window, before they are called a cycle
COVERED = 0.8  # of the classes or modes: with fewer a training is not well, long before collapse is certain
SHOWN = 0.5  # of them: with no more than these the samples have collapsed, however different they are
COPIES = 0.5  # of all samples nearer to training samples than 95 in 100 test samples are: of fresh ones it is 0.05


def lasting(holds: Sequence[bool]) -> bool:
    """Whether all of the last `PATIENCE` checks after the warm-up say so."""
    return can_tell(len(holds)) and all(holds[-PATIENCE:])


def collapsed(varieties: Sequence[float], real: float) -> bool:
    """Fewer different samples than the root of the number in the data: K modes have become √K.

    The number is that of `measures.variety`. On a scale of log K, on which 0 is one sample over and over, half of
    what the data has is lost. A number that still rises is that of a slow start: none while it grew by a fifth in
    `PATIENCE` checks.
    """
    few = lasting([value < np.sqrt(real) for value in varieties])
    return few and varieties[-1] < RISING * varieties[-PATIENCE]


def shows_few(shown: Sequence[float], kinds: int) -> bool:
    """Samples show at most half of the data's `kinds` (classes or modes), and not more and more of them."""
    return lasting([seen <= SHOWN * kinds for seen in shown]) and shown[-1] <= shown[-PATIENCE]


def discriminator_wins(right: Sequence[tuple[float, float]]) -> bool:
    """Nearly every real and generated sample is told rightly; `right` are the shares of both."""
    return lasting([(real + fake) / 2 >= CERTAIN for real, fake in right])


def generator_wins(right: Sequence[tuple[float, float]]) -> bool:
    """The discriminator is wrong more often than right: it cannot follow."""
    return lasting([(real + fake) / 2 <= OUTRUN for real, fake in right])


def vanished(norms: Sequence[float], weights: Sequence[float], certain: Sequence[float]) -> bool:
    """The generator's gradient fades while the discriminator is sure, `certain` being the share that it tells rightly.

    Faded is a norm (`norms`) at a hundredth of the largest earlier median of `PATIENCE`, or at 1e-5 of the norm of
    the `weights`. At an equilibrium the gradient fades too, but there the discriminator guesses.
    """
    if not can_tell(len(norms)):
        return False
    medians = [float(np.median(norms[i : i + PATIENCE])) for i in range(len(norms) - PATIENCE + 1)]
    largest = max(medians)
    return lasting(
        [
            share >= SURE and norm <= max(FADED * largest, NO_GRADIENT * weight)
            for norm, weight, share in zip(norms, weights, certain, strict=True)
        ]
    )


def diverged(levels: Sequence[float], nats: bool = False) -> bool:
    """The loss is ten times what it was in the warm-up, at least 10, and grows, or is beyond all measure.

    `levels` are medians of its size; `nats` says that it is made of logarithms of probabilities.
    """
    if not can_tell(len(levels)):
        return False
    limit = GROWN * max(1.0, *levels[:WARM_UP])
    grown = lasting([level >= limit for level in levels]) and levels[-1] > levels[-PATIENCE]
    return grown or lasting([level >= (HUGE_NATS if nats else HUGE) for level in levels])


def cycle(losses: Sequence[float]) -> tuple[float, int]:
    """How much a loss repeats itself, and after how many steps; (0, 0) where it does not.

    The correlation of the series, less its straight line, with itself at the lag of the first peak after it was
    negative, or as negative as it was before if that is less. A peak beyond a `PERIODS`-th of the series is none.
    """
    count = len(losses)
    if count < 8 * PERIODS:
        return 0.0, 0
    x, steps = np.asarray(losses, np.float64), np.arange(count)
    x = x - np.polyval(np.polyfit(steps, x, 1), steps)
    if x.std() <= max(RIPPLE * abs(np.mean(losses)), 1e-9 * np.abs(losses).max()):
        return 0.0, 0
    spectrum = np.abs(np.fft.rfft(x, 2 * count)) ** 2
    lags = np.arange(count // PERIODS)
    correlation = np.fft.irfft(spectrum)[lags] / (x @ x) * count / (count - lags)
    negative = np.flatnonzero(correlation < 0)
    if len(negative) == 0:
        return 0.0, 0
    later = correlation[negative[0] :]
    if later.max() <= 0:
        return 0.0, 0
    high = np.flatnonzero(later >= 0.9 * later.max())  # multiples of the period are as good, but for noise
    run = high[: int(np.argmax(np.diff(high, append=count) > 1)) + 1]
    lag = int(negative[0] + run[np.argmax(later[run])])
    return max(0.0, float(min(correlation[lag], -correlation[:lag].min(initial=0.0)))), lag


def oscillates(cycles: Sequence[float]) -> bool:
    """The losses go round; `cycles` are the strengths that `cycle` gives."""
    return lasting([strength >= CYCLE for strength in cycles])


def memorised(share: float) -> bool:
    """Most samples are copies: `share` of them lie nearer to a training sample than 95 in 100 test samples do."""
    return share >= COPIES


def covers_few(seen: float, kinds: int) -> bool:
    """Samples show only `seen` of the data's `kinds` (classes or modes)."""
    return seen < COVERED * kinds


def can_tell(checks: int) -> bool:
    """Whether there were enough checks for any rule to speak."""
    return checks >= WARM_UP + PATIENCE
