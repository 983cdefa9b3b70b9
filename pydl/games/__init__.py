"""Games of two players: matrix games and their equilibria, gradient play, and the discriminator that is optimal."""

from .classics import BATTLE_OF_THE_SEXES, MATCHING_PENNIES, PRISONERS_DILEMMA, ROCK_PAPER_SCISSORS
from .discriminator import fit_discriminator, game_value, optimal_discriminator
from .equilibria import Equilibrium, equilibria
from .gradient_play import gradient_play, xy_game
from .matrix import MatrixGame
from .zero_sum import Solution, solve_zero_sum

__all__ = [
    "BATTLE_OF_THE_SEXES",
    "MATCHING_PENNIES",
    "PRISONERS_DILEMMA",
    "ROCK_PAPER_SCISSORS",
    "Equilibrium",
    "MatrixGame",
    "Solution",
    "equilibria",
    "fit_discriminator",
    "game_value",
    "gradient_play",
    "optimal_discriminator",
    "solve_zero_sum",
    "xy_game",
]
