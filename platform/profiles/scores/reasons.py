"""A score's reasons in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.figures import money_text, number, percent

#: What each feature is called when it is given as a reason.
NAMES: dict[str, str | Promise] = {
    "recency_days": gettext_lazy("days since the last order"),
    "tenure_days": gettext_lazy("days since the first order"),
    "orders_28d": gettext_lazy("orders in 28 days"),
    "orders_84d": gettext_lazy("orders in 84 days"),
    "orders_per_week": gettext_lazy("orders a week"),
    "weeks_84d": gettext_lazy("weeks with an order, of the last 12"),
    "pace_14d": gettext_lazy("recent pace of orders (14 days)"),
    "pace_45d": gettext_lazy("recent pace of orders (45 days)"),
    "last_gap": gettext_lazy("days between the last two orders"),
    "gap_days": gettext_lazy("usual days between orders"),
    "gap_spread": gettext_lazy("irregularity of the days between orders"),
    "silence": gettext_lazy("silence, in usual gaps"),
    "longest_gap": gettext_lazy("longest silence in days"),
    "trend": gettext_lazy("orders of late against before"),
    "amount_28d": gettext_lazy("spent in 28 days"),
    "amount_84d": gettext_lazy("spent in 84 days"),
    "basket_value": gettext_lazy("average basket"),
    "basket_items": gettext_lazy("different items a basket"),
    "discount_share": gettext_lazy("share of discounts"),
    "weekend_share": gettext_lazy("share of weekend orders"),
    "sale_share": gettext_lazy("share bought in sales"),
    "sale_share_28d": gettext_lazy("share bought in sales in 28 days"),
    "holiday_share": gettext_lazy("share bought on holidays"),
    "offers_28d": gettext_lazy("coupons given in 28 days"),
    "offers_182d": gettext_lazy("coupons given in 182 days"),
    "offer_recency": gettext_lazy("days since the last coupon"),
    "offers_open": gettext_lazy("coupons still valid"),
    "offer_days_left": gettext_lazy("days that coupons are still valid"),
    "offer_length": gettext_lazy("days that coupons are valid"),
    "redemptions_28d": gettext_lazy("coupons redeemed in 28 days"),
    "redemptions_182d": gettext_lazy("coupons redeemed in 182 days"),
    "redemption_recency": gettext_lazy("days since a coupon was redeemed"),
    "redemption_rate": gettext_lazy("redemptions a coupon"),
    "messages_28d": gettext_lazy("messages in 28 days"),
    "messages_182d": gettext_lazy("messages in 182 days"),
    "message_recency": gettext_lazy("days since the last message"),
    "clicks_28d": gettext_lazy("clicks in 28 days"),
    "clicks_182d": gettext_lazy("clicks in 182 days"),
    "click_recency": gettext_lazy("days since the last click"),
    "click_rate": gettext_lazy("share of messages clicked"),
    "purchases": gettext_lazy("orders to be expected"),
    "alive": gettext_lazy("chance of still being a customer"),
    "basket": gettext_lazy("basket to be expected"),
}


#: Features that are amounts of money, and those that are shares; the others are counts and days. A coupon may
#: be redeemed more than once, so how often it was is no share.
_MONEY = frozenset({"amount_28d", "amount_84d", "basket_value", "basket"})
_SHARES = frozenset(
    {
        "discount_share", "weekend_share", "sale_share", "sale_share_28d", "holiday_share",
        "click_rate", "alive",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A reason in words: what, how much, and whether it raises the score (None: it is a part of it)."""

    name: str
    value: str
    raises: bool | None


def said(reasons: Iterable[Mapping[str, Any]]) -> list[Said]:
    """Return the reasons in the reader's language, the strongest first."""
    return [
        Said(
            str(NAMES.get(reason["feature"], reason["feature"])),
            value_text(reason["feature"], reason.get("value")),
            None if (adds := reason.get("adds")) is None else adds > 0,
        )
        for reason in reasons
    ]


def sentences(reasons: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return each reason as one sentence: what, how much, and which way it moves the score."""
    return [_sentence(one) for one in said(reasons)]


def _sentence(one: Said) -> str:
    parts = {"name": one.name, "value": one.value}
    if one.raises is None:
        return _("%(name)s: %(value)s") % parts
    if one.raises:
        return _("%(name)s: %(value)s, raises it") % parts
    return _("%(name)s: %(value)s, lowers it") % parts


def value_text(feature: str, value: float | None) -> str:
    """Write a feature's value with its unit: money, a share, or three digits."""
    if value is None:
        return _("none")
    if feature in _MONEY:
        return money_text(value, whole=abs(value) >= 100)
    if feature in _SHARES:
        return percent(value, 0)
    # Three digits tell everything: 0.031, 2.4, 17, 1,203.
    return number(value, 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 1 else 2)
