"""The one vocabulary of columns: every frame in and out of this package uses these names."""

from enum import StrEnum

USER = "user_id"
ITEM = "item_id"
TIME = "timestamp"
QUANTITY = "quantity"
AMOUNT = "amount"
WEIGHT = "weight"
BASKET = "basket"
EVENT = "event"
DISCOUNT = "discount"
RATING = "rating"
PROPENSITY = "propensity"

RANK = "rank"
SCORE = "score"
REASON = "reason"

INTERACTIONS = (USER, ITEM, TIME, QUANTITY, AMOUNT, WEIGHT, BASKET, EVENT, DISCOUNT, RATING)
RECOMMENDATIONS = (USER, RANK, ITEM, SCORE, REASON)


class Objective(StrEnum):
    """What a list is for: buy again, or find something new."""

    REPLENISH = "replenish"
    DISCOVER = "discover"

    @property
    def keeps_bought(self) -> bool:
        """Say whether items that the user already has may be recommended."""
        return self is Objective.REPLENISH


OBJECTIVES = (Objective.REPLENISH, Objective.DISCOVER)
FALLBACK = "fallback"
