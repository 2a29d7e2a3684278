"""What is to be foreseen, for whom, and what counts as its coming true."""

from dataclasses import dataclass

import polars as pl

from recommender.arrays import Bool
from recommender.columns import EVENT, TIME, USER
from recommender.dataset import DAY
from recommender.scoring.history import CLICK, MESSAGE, OFFER, REDEMPTION, Past


@dataclass(frozen=True)
class Target:
    """An outcome in the ``days`` after a cut.

    ``event`` is the response that must happen (None: a basket), ``happens`` whether its happening or its
    absence is the outcome. Only who had ``asked`` in the 182 days before the cut is scored (None: everybody).
    """

    kind: str
    event: str | None = None
    happens: bool = True
    asked: str | None = None
    days: float = 28.0

    def population(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a feature table that this can be said of."""
        if self.asked is None:
            return frame
        column = f"{self.asked}s_182d"
        return frame.filter(pl.col(column) > 0) if column in frame.columns else frame.clear()

    def labels(self, past: Past, users: pl.Series, cut: float) -> Bool:
        """Say for each user whether the outcome came true in the window from ``cut`` on."""
        rows = past.baskets if self.event is None else past.responses.filter(pl.col(EVENT) == self.event)
        window = rows.filter((pl.col(TIME) >= cut) & (pl.col(TIME) < cut + self.days * DAY))
        did: Bool = users.is_in(window[USER].unique().implode()).to_numpy()
        return did if self.happens else ~did


CHURN = Target("churn", happens=False)
PURCHASE = Target("purchase")
COUPON = Target("redemption", event=REDEMPTION, asked=OFFER)
LINK = Target("click", event=CLICK, asked=MESSAGE)
TARGETS: dict[str, Target] = {target.kind: target for target in (CHURN, PURCHASE, COUPON, LINK)}
