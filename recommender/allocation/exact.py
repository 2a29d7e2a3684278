"""The optimum by a solver: HiGHS (Huangfu and Hall 2018), as scipy ships it."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, vstack

from recommender.allocation.choices import NOTHING, Choices
from recommender.arrays import Int32

SECONDS = 20.0
#: HiGHS lets a constraint be missed by one in a million; then the budget is asked a little smaller.
SLACK = 2e-6


def optimum(choices: Choices, budget: float, *, gap: float = 1e-4, seconds: float = SECONDS) -> Int32 | None:
    """Return the best choice within the budget to a relative ``gap``, or None where the time did not do.

    One binary variable per person and value that gains anything. 10,000 x 4 take about 16 s to a gap of
    .001; the proof of optimality is what takes long, and longer the finer the gap.
    """
    person, value = np.nonzero(choices.gain > 0)
    choice = np.full(choices.people, NOTHING, dtype=np.int32)
    if not len(person):
        return choice
    cells = np.arange(len(person))
    gain, cost = choices.gain[person, value], choices.cost[person, value]
    asked, row = np.unique(person, return_inverse=True)
    once = csr_matrix((np.ones(len(person)), (row, cells)), shape=(len(asked), len(person)))
    unit = max(float(cost.max()), 1e-12)
    rows = vstack([once, csr_matrix(cost / unit)])
    for allowed in (budget, budget * (1 - SLACK)):
        most = np.append(np.ones(len(asked)), allowed / unit)
        found = milp(
            -gain,
            constraints=LinearConstraint(rows, -np.inf, most),
            integrality=np.ones(len(person)),
            bounds=Bounds(0, 1),
            options={"mip_rel_gap": gap, "time_limit": seconds},
        )
        if found.x is None or found.status != 0:
            return None
        taken = found.x > 0.5
        choice = np.full(choices.people, NOTHING, dtype=np.int32)
        choice[person[taken]] = value[taken]
        if choices.total(choice)[1] <= budget:
            return choice
    return None
