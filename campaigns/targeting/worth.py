"""What a use of each value costs the shop, for each person."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from campaigns.targeting.errors import PlanNotReady
from campaigns.targeting.models import PlanValue

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Worth:
    """An amount, or a share of the basket with a bound; never more than the basket."""

    amount: float
    share: float
    most: float

    @classmethod
    def of(cls, value: PlanValue) -> "Worth":
        """Read it off the pool's promotion. Raises PlanNotReady where nobody can know and nobody said."""
        promotion = value.pool.promotion
        benefit: dict[str, Any] = promotion.benefit
        whole = not benefit.get("on")
        if value.worth is not None:
            return cls(float(value.worth), 0.0, float("inf"))
        if benefit.get("kind") == "amount" and whole:
            return cls(float(_in(benefit["amount"], promotion.currency)), 0.0, float("inf"))
        if benefit.get("kind") == "percent" and whole:
            most = benefit.get("most")
            bound = float(_in(most, promotion.currency)) if most is not None else float("inf")
            return cls(0.0, float(benefit["percent"]) / 100, bound)
        raise PlanNotReady(
            _("Say what a use of “%(pool)s” costs: its benefit does not tell by itself.")
            % {"pool": value.pool}
        )

    def on(self, baskets: Floats) -> Floats:
        """Return the discount on each basket."""
        discount = self.amount + np.minimum(self.share * baskets, self.most)
        found: Floats = np.minimum(discount, baskets)
        return found


def _in(amount: Any, currency: str) -> Decimal:
    return Decimal(str(amount[currency] if isinstance(amount, dict) else amount))
