"""Games that every course names. Payoffs of the row player first, then of the column player."""

from .matrix import MatrixGame

#: Rock, paper, scissors; zero-sum. Its only equilibrium is mixed: 1/3 each.
ROCK_PAPER_SCISSORS = MatrixGame([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])

#: Heads or tails; the row player wins if both show the same. Only equilibrium: 1/2 each.
MATCHING_PENNIES = MatrixGame([[1, -1], [-1, 1]])

#: Stay silent, or betray; minus the years in prison. Only equilibrium: both betray, though silence is better for both.
PRISONERS_DILEMMA = MatrixGame([[-1, -3], [0, -2]], [[-1, 0], [-3, -2]])

#: Opera or football, best together. Three equilibria: both at the opera, both at football, and a mixed one.
BATTLE_OF_THE_SEXES = MatrixGame([[3, 0], [0, 2]], [[2, 0], [0, 3]])
