"""Where customers stand in their life with a shop, how they move, and what follows from it.

The states are those of a Markov chain: a customer's next state depends on the present one alone, which is
checked against nothing but is read off counts that are always shown (Pfeifer and Carraway 2000, "Modeling
customer relationships as Markov chains").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from recommender.arrays import AnyArray, Float64
from recommender.columns import TIME, USER
from recommender.dataset import DAY
from recommender.errors import DataError

STATES = ("new", "active", "repeat", "lapsing", "lapsed", "won_back")
#: What a customer is before the first order.
PROSPECT = "prospect"


@dataclass(frozen=True)
class Rules:
    """When a state begins; a rhythm is the mean number of days between a customer's orders."""

    new_days: float = 30
    won_back_days: float = 60
    lapsing_after: float = 2
    lapsed_after: float = 4
    #: The own rhythm is trusted from so many orders on; below, the median of those who have one.
    rhythm_orders: int = 3
    shortest_rhythm: float = 7
    default_rhythm: float = 30


RULES = Rules()


@dataclass(frozen=True)
class Chain:
    """A Markov chain over ``states`` in steps of ``days``.

    ``counts`` and ``matrix`` are states x states, from row to column; rows of the matrix sum to 1 (a state
    that nobody was in stays as it is, and its counts say so). ``purchases``: mean orders in the step that
    begins in a state; ``expected``: orders within ``horizon`` days. ``to_lapse``: expected days until
    lapsed, nan where it cannot be reached. ``entering``: per step, how many had their first order in it.
    """

    states: tuple[str, ...]
    days: float
    counts: AnyArray
    matrix: Float64
    purchases: Float64
    horizon: float
    expected: Float64
    to_lapse: Float64
    entering: tuple[int, ...]


def states_at(orders: pl.DataFrame, moment: float, rules: Rules = RULES) -> pl.DataFrame:
    """Return user_id and state of everybody with an order before ``moment`` (epoch seconds), sorted.

    ``orders`` is one row an order: user_id, timestamp. new: first order within 30 days. lapsed, lapsing:
    silent for more than four, two of the own rhythms (at least a week). won_back: came back within 60 days
    from a silence of more than four rhythms as they were then. repeat: at least three orders; active: the
    others. A million orders take 0.4 s.
    """
    known = orders.filter(pl.col(TIME) < moment).sort(USER, TIME)
    known = known.with_columns(
        number=pl.int_range(1, pl.len() + 1).over(USER),
        previous=pl.col(TIME).shift(1).over(USER),
        first=pl.col(TIME).first().over(USER),
    )
    people = known.group_by(USER).agg(
        first=pl.col(TIME).min(), last=pl.col(TIME).max(), orders=pl.len().cast(pl.Int64)
    )
    people = people.with_columns(
        gap=(pl.col("last") - pl.col("first")) / DAY / (pl.col("orders") - 1).clip(lower_bound=1)
    )
    own = people.filter(pl.col("orders") >= rules.rhythm_orders)["gap"]
    median = own.median() if own.len() else rules.default_rhythm
    before = (pl.col("previous") - pl.col("first")) / DAY / (pl.col("number") - 2)
    rhythm = pl.when(pl.col("number") > rules.rhythm_orders).then(before).otherwise(pl.lit(median))
    silence = (pl.col(TIME) - pl.col("previous")) / DAY
    long = silence > rules.lapsed_after * pl.max_horizontal(pl.lit(rules.shortest_rhythm), rhythm)
    lately = pl.col(TIME) >= moment - rules.won_back_days * DAY
    back = known.filter(lately & long & (pl.col("number") > 1)).select(USER).unique()
    silent = (moment - pl.col("last")) / DAY
    own_rhythm = pl.when(pl.col("orders") >= rules.rhythm_orders).then("gap").otherwise(pl.lit(median))
    pace = pl.max_horizontal(pl.lit(rules.shortest_rhythm), own_rhythm)
    state = (
        pl.when(pl.col("first") >= moment - rules.new_days * DAY)
        .then(pl.lit("new"))
        .when(silent > rules.lapsed_after * pace)
        .then(pl.lit("lapsed"))
        .when(silent > rules.lapsing_after * pace)
        .then(pl.lit("lapsing"))
        .when(pl.col("back"))
        .then(pl.lit("won_back"))
        .when(pl.col("orders") >= rules.rhythm_orders)
        .then(pl.lit("repeat"))
        .otherwise(pl.lit("active"))
    )
    people = people.join(back.with_columns(back=pl.lit(True)), on=USER, how="left")
    return people.with_columns(pl.col("back").fill_null(False)).select(USER, state=state).sort(USER)


def chain(
    orders: pl.DataFrame, moment: float, *, days: float = 28, steps: int = 12, horizon: float = 364
) -> Chain:
    """Learn how customers move between states from the last ``steps`` steps before ``moment``.

    Raises DataError where the history is shorter than two steps. 150,000 orders take 0.5 s.
    """
    known = orders.filter(pl.col(TIME) < moment)
    begin = known.select(pl.col(TIME).min()).item() if known.height else moment
    steps = min(steps, int((moment - begin) / DAY / days))
    if steps < 2:
        raise DataError(
            f"a lifecycle needs {2 * days:.0f} days of history; there are {(moment - begin) / DAY:.0f}"
        )
    cuts = [moment - days * DAY * back for back in range(steps, -1, -1)]
    place = {name: number for number, name in enumerate(STATES)}
    counts = np.zeros((len(STATES), len(STATES)), dtype=np.int64)
    bought, people = np.zeros(len(STATES)), np.zeros(len(STATES))
    entering = []
    before = states_at(known, cuts[0])
    for start, end in pairwise(cuts):
        after = states_at(known, end)
        both = before.join(after, on=USER, suffix="_after")
        pairs = both.group_by("state", "state_after").len()
        for left, right, count in pairs.iter_rows():
            counts[place[left], place[right]] += count
        within = known.filter((pl.col(TIME) >= start) & (pl.col(TIME) < end)).group_by(USER).len("orders")
        spent = (
            before.join(within, on=USER, how="left").group_by("state").agg(pl.col("orders").sum(), pl.len())
        )
        for name, orders_, count in spent.iter_rows():
            bought[place[name]] += orders_
            people[place[name]] += count
        entering.append(after.height - both.height)
        before = after
    matrix = probabilities(counts)
    purchases = bought / np.maximum(people, 1)
    return Chain(
        states=STATES,
        days=days,
        counts=counts,
        matrix=matrix,
        purchases=purchases,
        horizon=horizon,
        expected=expected_purchases(matrix, purchases, round(horizon / days)),
        to_lapse=steps_to(matrix, place["lapsed"]) * days,
        entering=tuple(entering),
    )


def probabilities(counts: AnyArray) -> Float64:
    """Return each row's shares; a row without counts stays where it is."""
    whole = counts.sum(axis=1, keepdims=True)
    shares: Float64 = np.where(whole > 0, counts / np.maximum(whole, 1), np.eye(len(counts)))
    return shares


def expected_purchases(matrix: Float64, purchases: Float64, steps: int) -> Float64:
    """Return the sum of Pᵏ r over the steps k = 0 …, by state: what to expect from now on."""
    total, ahead = np.zeros(len(matrix)), purchases.copy()
    for _ in range(steps):
        total += ahead
        ahead = matrix @ ahead
    return total


def steps_to(matrix: Float64, goal: int) -> Float64:
    """Return the mean number of steps until a state is first reached (Kemeny and Snell 1960, ch. 3).

    t = (I − Q)⁻¹ 1 over the states from which the goal is certain to be reached; nan for others.
    """
    reach = np.linalg.matrix_power((matrix > 0).astype(float) + np.eye(len(matrix)), len(matrix)) > 0
    # Certain: nothing that can be reached on the way is cut off from the goal.
    stuck = ~reach[:, goal]
    open_ = matrix.copy()
    open_[goal] = 0
    open_[goal, goal] = 1
    onward = np.linalg.matrix_power((open_ > 0).astype(float) + np.eye(len(matrix)), len(matrix)) > 0
    certain = ~(onward & stuck).any(axis=1) & onward[:, goal]
    steps = np.where(certain, 0.0, np.nan)
    others = [state for state in np.flatnonzero(certain) if state != goal]
    if others:
        inner = matrix[np.ix_(others, others)]
        steps[others] = np.linalg.solve(np.eye(len(others)) - inner, np.ones(len(others)))
    return steps


def flows(before: pl.DataFrame, after: pl.DataFrame) -> list[tuple[str, str, int]]:
    """Return how many customers went from which state to which, most first; new ones come from prospect.

    Both frames are user_id, state. Who is gone from the second (erased, all orders cancelled) is a prospect.
    """
    both = before.join(after, on=USER, how="full", suffix="_after", coalesce=True)
    both = both.with_columns(pl.col("state", "state_after").fill_null(PROSPECT))
    found = both.group_by("state", "state_after").len("customers")
    return list(
        found.sort(["customers", "state", "state_after"], descending=[True, False, False]).iter_rows()
    )


def state_sizes(found: pl.DataFrame, names: Sequence[str] = STATES) -> dict[str, int]:
    """Return how many customers are in each state."""
    counted = dict(found.group_by("state").len().iter_rows())
    return {name: int(counted.get(name, 0)) for name in names}
