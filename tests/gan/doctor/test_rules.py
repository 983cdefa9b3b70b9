"""Each rule on made-up series: what it catches, and what it leaves alone."""

import numpy as np
import pytest

from pydl.gan.doctor import rules

START, LAST = rules.WARM_UP, rules.PATIENCE


def after_warm_up(values, start=0.0):
    return [start] * START + list(values)


def test_nothing_is_said_of_the_warm_up_or_of_what_does_not_last():
    assert not rules.lasting([True] * (START + LAST - 1))
    assert rules.lasting([True] * (START + LAST))
    assert not rules.lasting(after_warm_up([True] * (LAST - 1) + [False], True))
    assert rules.lasting(after_warm_up([False] * 9 + [True] * LAST, False))
    assert not rules.lasting([])


@pytest.mark.parametrize(("variety", "ill"), [(2.7, True), (2.9, False), (1.0, True), (8.0, False)])
def test_collapse_is_below_the_root_of_the_data(variety, ill):
    assert rules.collapsed(after_warm_up([variety] * LAST, 8.0), 8.0) is ill


def test_a_collapse_that_passes_is_none():
    assert not rules.collapsed(after_warm_up([1.0] * LAST + [4.0]), 8.0)


def test_a_slow_start_is_no_collapse():
    assert not rules.collapsed(after_warm_up([1.0, 1.1, 1.2, 1.3, 1.4], 1.0), 100.0)
    assert rules.collapsed(after_warm_up([1.4, 1.2, 1.3, 1.1, 1.2], 1.0), 100.0)


@pytest.mark.parametrize(
    ("right", "d_wins", "g_wins"),
    [
        ((1.0, 1.0), True, False),
        ((0.99, 0.98), True, False),
        ((0.9, 0.95), False, False),
        ((0.5, 0.5), False, False),
        ((0.4, 0.45), False, False),
        ((0.3, 0.2), False, True),
        ((1.0, 0.0), False, False),
    ],
)
def test_imbalance(right, d_wins, g_wins):
    series = after_warm_up([right] * LAST, (0.5, 0.5))
    assert rules.discriminator_wins(series) is d_wins
    assert rules.generator_wins(series) is g_wins


def test_a_gradient_has_vanished_only_where_the_discriminator_is_sure():
    norms = [1.0] * START + [0.005] * LAST
    weights, sure, unsure = [10.0] * len(norms), [0.99] * len(norms), [0.6] * len(norms)
    assert rules.vanished(norms, weights, sure)
    assert not rules.vanished(norms, weights, unsure)
    assert not rules.vanished([1.0] * START + [0.05] * LAST, weights, sure)
    assert rules.vanished([9e-5] * len(norms), weights, sure)  # from the very start
    assert not rules.vanished([2e-4] * len(norms), weights, sure)
    assert not rules.vanished(norms[:-1], weights[:-1], sure[:-1])


def test_a_divergence_grows_beyond_ten_times_the_warm_up():
    assert rules.diverged(after_warm_up([20, 21, 22, 23, 24], 2.0))
    assert not rules.diverged(after_warm_up([20, 21, 22, 23, 24], 2.5))
    assert not rules.diverged(after_warm_up([9, 9.1, 9.2, 9.3, 9.4], 0.01))
    assert not rules.diverged(after_warm_up([24, 23, 22, 21, 20], 1.0))
    assert not rules.diverged([100.0] * 8)


@pytest.mark.parametrize("period", [10, 31.4, 80])
def test_a_cycle_is_found_with_its_period(period):
    t = np.arange(400)
    noise = np.random.default_rng(0).normal(0, 0.3, 400)
    strength, lag = rules.cycle(1 + 0.01 * t + np.sin(2 * np.pi * t / period) + noise)
    assert strength > rules.CYCLE
    assert abs(lag - period) <= 2


def test_what_is_no_cycle():
    rng = np.random.default_rng(1)
    walks = [rng.normal(size=400).cumsum() for _ in range(20)]
    series = [rng.normal(size=400), np.ones(400), np.arange(400.0), *walks, np.sin(np.arange(400) / 60)]
    assert all(rules.cycle(losses)[0] < rules.CYCLE for losses in series)
    assert rules.cycle([1.0, 2.0]) == (0.0, 0)
    assert rules.oscillates(after_warm_up([0.9] * LAST))
    assert not rules.oscillates(after_warm_up([0.9] * (LAST - 1) + [0.3]))


def test_copies():
    assert rules.memorised(0.5)
    assert not rules.memorised(0.05)


def test_few_kinds_that_do_not_become_more():
    assert rules.shows_few([5.0] * 15, 10)
    assert not rules.shows_few([5.0] * 14, 10)
    assert not rules.shows_few([6.0] * 20, 10)
    assert not rules.shows_few([1.0] * 15 + [2.0, 3.0], 10)
    assert not rules.shows_few([1.0] * 15 + [6.0], 10)


def test_losses_beyond_all_measure_have_diverged_whatever_they_were_before():
    assert rules.diverged([1e7] * 15)
    assert rules.diverged([1e9] * 10 + [1e6] * 5)
    assert not rules.diverged([1e7] * 14)
    assert not rules.diverged([900.0] * 20)
    assert rules.diverged([1800.0] * 5 + [130.0] * 10, nats=True)
    assert not rules.diverged([90.0] * 20, nats=True)
    assert not rules.diverged([1e7] * 12 + [1.0] * 3)
