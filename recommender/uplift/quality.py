"""How well a ranking finds those whom a treatment changes: the Qini curve and what it encloses.

Radcliffe 2007, "Using control groups to target on predicted lift"; the coefficient as scikit-uplift's
`qini_auc_score`: the area between curve and random targeting, over that of a perfect ranking.
"""

import numpy as np

from recommender.arrays import Bool, Float64


def qini_curve(
    came: Float64, treated: Bool, said: Float64, weight: Float64 | None = None
) -> tuple[Float64, Float64]:
    """Return (people, outcomes more than the control's rate lets expect), from the highest score down.

    People with the same score are taken together; the curve begins at (0, 0).
    """
    return _curve(came, treated, said, np.ones(len(came)) if weight is None else weight)


def qini(came: Float64, treated: Bool, said: Float64, weight: Float64 | None = None) -> float:
    """Return the Qini coefficient: 0 for a random ranking, 1 for a perfect one, negative for a bad one.

    ``weight`` counts rows several times, for resampling and for unequal chances of treatment. Not a number
    without both groups and outcomes.
    """
    weight = np.ones(len(came)) if weight is None else weight
    people, more = _curve(came, treated, said, weight)
    # Perfect: first whom the treatment brought, last whom it drove away.
    _, best = at = _curve(came, treated, np.where(treated, came, -came), weight)
    random = people[-1] * more[-1] / 2
    possible = float(np.trapezoid(best, at[0])) - random
    if not possible > 0:
        return float("nan")
    return float((float(np.trapezoid(more, people)) - random) / possible)


def uplift_at(
    came: Float64, treated: Bool, said: Float64, share: float = 0.3, weight: Float64 | None = None
) -> float:
    """Return the treated's rate less the control's among the ``share`` with the highest scores."""
    counts = np.ones(len(came)) if weight is None else weight
    top = np.argsort(-said, kind="stable")[: max(1, round(share * len(said)))]
    own = treated[top]
    if own.all() or not own.any():
        return float("nan")
    rates = [np.average(came[top][group], weights=counts[top][group]) for group in (own, ~own)]
    return float(rates[0] - rates[1])


def _curve(came: Float64, treated: Bool, said: Float64, weight: Float64) -> tuple[Float64, Float64]:
    order = np.argsort(-said, kind="stable")
    ranked, own, counts = said[order], treated[order], weight[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    worth = counts * came[order]
    asked, left = np.cumsum(counts * own)[last], np.cumsum(counts * ~own)[last]
    won, anyway = np.cumsum(worth * own)[last], np.cumsum(worth * ~own)[last]
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(left > 0, anyway * asked / left, 0.0)
    return np.concatenate(([0.0], asked + left)), np.concatenate(([0.0], won - expected))
