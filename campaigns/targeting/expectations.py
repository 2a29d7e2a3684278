"""What each value would bring and cost with each person.

With b the chance of buying anyway, r(v) that of redeeming value v, d(v) its discount and m the margin of a
basket before discounts:

    gain(v) = u(v) · m - r(v) · d(v)          cost(v) = r(v) · d(v)

where u(v) is by how much the value raises the chance of a purchase. Of those who redeem, b would have
bought anyway, so without randomised evidence u(v) = r(v) · (1 - b); with it u(v) is the learned effect,
scaled by r(v) over the redemption at the middle value. The discount given to those who buy anyway
is always part of the cost: a high redemption rate alone is no merit.

r(v): the odds of the redemption score times (d(v) ÷ d(middle)) to the power of the plan's `response`, which
is an assumption until values have been tried side by side.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.allocation import Choices

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Expected:
    """People x values: chance to redeem, discount on a use, more purchases, gain, and expected cost."""

    redeems: Floats
    discount: Floats
    more: Floats
    gain: Floats
    cost: Floats

    def choices(self, open_to: Bools, *, certain: bool) -> Choices:
        """Return what the solver may choose; `certain` counts a budget as if everybody redeemed."""
        cost = self.discount if certain else self.cost
        return Choices(np.where(open_to, self.gain, -np.inf), cost)

    def ranges(
        self, cells: tuple[Ints, Ints], margins: Floats, low: "Expected", high: "Expected"
    ) -> dict[str, list[float]]:
        """Return the likely range (95 %) of gain and cost of the chosen cells (people, values).

        Two things are unsure: how often people redeem at all (`low` and `high`, from the scores' own
        intervals: one curve calibrates everybody, so all err together), and who happens to. Of those who
        redeem, `more` would not have bought: they bring the margin less the discount, the others cost the
        discount. Both parts add up as independent ones do.
        """
        people, _values = cells
        r, d, u, m = self.redeems[cells], self.discount[cells], self.more[cells], margins[people]
        both = np.clip(np.minimum(u, r), 0, None)
        squares = (
            both * (m - d) ** 2
            + (r - both) * d**2
            + np.clip(u - r, 0, None) * m**2
            + np.clip(-u, 0, None) * m**2
        )
        chance = {
            "gain": 1.96 * float(np.sqrt(np.clip(squares - self.gain[cells] ** 2, 0, None).sum())),
            "cost": 1.96 * float(np.sqrt((r * (1 - r) * d**2).sum())),
        }
        found = {}
        for name, luck in chance.items():
            middle, one, other = (float(getattr(e, name)[cells].sum()) for e in (self, low, high))
            down, up = middle - min(middle, one, other), max(middle, one, other) - middle
            found[name] = [
                round(middle - float(np.hypot(down, luck)), 2),
                round(middle + float(np.hypot(up, luck)), 2),
            ]
        found["cost"][0] = max(0.0, found["cost"][0])
        return found


def expect(
    *,
    redeems: Floats,
    buys: Floats,
    baskets: Floats,
    discount: Floats,
    margin_share: float,
    response: float,
    effect: Floats | None = None,
) -> Expected:
    """Return what each value does with each person; see the formula above. `discount` is people x values.

    200,000 x 4 take about 50 ms.
    """
    middle = np.median(discount, axis=1, keepdims=True)
    odds = np.clip(redeems, 1e-6, 1 - 1e-6)
    odds = (odds / (1 - odds))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        stronger = np.where(middle > 0, discount / middle, 1.0) ** response
    chance = odds * stronger / (1 + odds * stronger)
    if effect is None:
        more = chance * (1 - buys)[:, None]
    else:
        usual = odds / (1 + odds)
        more = np.clip(effect[:, None] * chance / usual, -1.0, (1 - buys)[:, None])
    cost = chance * discount
    return Expected(chance, discount, more, more * margin_share * baskets[:, None] - cost, cost)
