"""Who gets which value under a budget: a multiple-choice knapsack, solved exactly or at scale."""

from recommender.allocation.choices import NOTHING, Choices
from recommender.allocation.exact import optimum
from recommender.allocation.hull import Curve, Steps
from recommender.allocation.solving import EXACT_UP_TO, Allocation, allocate, at_price

__all__ = [
    "EXACT_UP_TO",
    "NOTHING",
    "Allocation",
    "Choices",
    "Curve",
    "Steps",
    "allocate",
    "at_price",
    "optimum",
]
