"""Choose: exactly where the problem is small, along the hulls of all people where it is not."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from recommender.allocation.choices import NOTHING, Choices
from recommender.allocation.exact import optimum
from recommender.allocation.hull import Curve, Steps
from recommender.arrays import Int32
from recommender.errors import DataError

#: Up to so many cells (people x values) the solver is asked; beyond, the bound is as good as reached.
EXACT_UP_TO = 4_000


@dataclass(frozen=True)
class Allocation:
    """Each person's value (NOTHING for none), what it gains and costs, and how good it can be at most.

    ``bound`` is what no choice within the budget can exceed. ``price`` is the gain that the last unit of
    money brought: whoever gains less on it than that got nothing.
    """

    choice: Int32
    gain: float
    cost: float
    bound: float
    price: float
    method: str
    curve: Curve

    @property
    def gap(self) -> float:
        """Return the share of the bound that may be missing."""
        return max(0.0, 1.0 - self.gain / self.bound) if self.bound > 0 else 0.0


def allocate(choices: Choices, budget: float, *, exact: bool | None = None) -> Allocation:
    """Choose at most one value a person so that the gain is as large as possible within the budget.

    The cost is never above the budget, and nobody gets a value that loses. ``exact`` demands or forbids
    the solver; by default it is asked for small problems. 200,000 people x 4 values take about 1 s.
    Raises DataError for a budget that is negative or not a number.
    """
    if not isfinite(budget) or budget < 0:
        raise DataError(f"a budget is a number of 0 or more, not {budget}")
    steps = Steps.of(choices)
    choice, bound, price = _along(choices, steps, budget)
    method = "hull"
    if exact or (exact is None and choices.people * choices.values <= EXACT_UP_TO):
        better = optimum(choices, budget)
        if better is not None and choices.total(better)[0] >= choices.total(choice)[0]:
            choice, method = better, "exact"
    gain, cost = choices.total(choice)
    return Allocation(choice, gain, cost, max(bound, gain), price, method, steps.curve())


def at_price(choices: Choices, price: float) -> Int32:
    """Return what each person would get at a price of money: the value whose gain less price x cost is most.

    For those whom no budget is spent on: it says what they would have got beside the others.
    """
    if not choices.values:
        return np.full(choices.people, NOTHING, dtype=np.int32)
    left = choices.gain - price * choices.cost
    best = left.argmax(axis=1)
    worth = left[np.arange(choices.people), best] > 0
    chosen: Int32 = np.where(worth, best, NOTHING).astype(np.int32)
    return chosen


def _along(choices: Choices, steps: Steps, budget: float) -> tuple[Int32, float, float]:
    """Go along the steps as far as the budget lasts; return the choice, Dantzig's bound and the price."""
    spent = np.cumsum(steps.cost)
    whole = int(np.searchsorted(spent, budget, side="right"))
    choice = steps.start.copy()
    # A person's later step overwrites the earlier one: assignment by index goes in order.
    choice[steps.person[:whole]] = steps.to[:whole]
    left = budget - (float(spent[whole - 1]) if whole else 0.0)
    bound, price = steps.free + float(steps.gain[:whole].sum()), 0.0
    if whole < len(steps.cost):
        price = float(steps.gain[whole] / steps.cost[whole])
        bound += price * left
        _fill(choice, steps, whole, left)
    return _within(choices, choice, budget), bound, price


def _fill(choice: Int32, steps: Steps, whole: int, left: float) -> None:
    """Spend what is left on the best further steps that still fit.

    Who cannot afford a step does not take the ones after it.
    """
    fits = np.flatnonzero(steps.cost[whole:] <= left) + whole
    if not len(fits):
        return
    smallest = np.minimum.accumulate(steps.cost[fits][::-1])[::-1]
    skipped = set(steps.person[whole : fits[0]].tolist())
    before = fits[0] - 1
    for place, step in enumerate(fits.tolist()):
        if smallest[place] > left:
            return
        skipped.update(steps.person[before + 1 : step].tolist())
        before = step
        person, cost = int(steps.person[step]), float(steps.cost[step])
        if cost > left or person in skipped:
            skipped.add(person)
            continue
        choice[person] = steps.to[step]
        left -= cost


def _within(choices: Choices, choice: Int32, budget: float) -> Int32:
    """Take back the least worthwhile value while sums of floats stand above the budget."""
    while choices.total(choice)[1] > budget:
        gain, cost = choices.chosen(choice)
        with np.errstate(divide="ignore", invalid="ignore"):
            worth = np.where(cost > 0, gain / cost, np.inf)
        choice[int(worth.argmin())] = NOTHING
    return choice
