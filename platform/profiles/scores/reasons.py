"""A score's reasons in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

#: What each feature is called when it is given as a reason.
NAMES: dict[str, str | Promise] = {
    "recency_days": lazy("days since the last order"),
    "tenure_days": lazy("days since the first order"),
    "orders_28d": lazy("orders in 28 days"),
    "orders_84d": lazy("orders in 84 days"),
    "orders_per_week": lazy("orders a week"),
    "weeks_84d": lazy("weeks with an order, of the last 12"),
    "pace_14d": lazy("recent pace of orders (14 days)"),
    "pace_45d": lazy("recent pace of orders (45 days)"),
    "last_gap": lazy("days between the last two orders"),
    "gap_days": lazy("usual days between orders"),
    "gap_spread": lazy("irregularity of the days between orders"),
    "silence": lazy("silence, in usual gaps"),
    "longest_gap": lazy("longest silence in days"),
    "trend": lazy("orders of late against before"),
    "amount_28d": lazy("spent in 28 days"),
    "amount_84d": lazy("spent in 84 days"),
    "basket_value": lazy("average basket"),
    "basket_items": lazy("different items a basket"),
    "discount_share": lazy("share of discounts"),
    "weekend_share": lazy("share of weekend orders"),
    "offers_28d": lazy("coupons given in 28 days"),
    "offers_182d": lazy("coupons given in 182 days"),
    "offer_recency": lazy("days since the last coupon"),
    "offers_open": lazy("coupons still valid"),
    "offer_days_left": lazy("days that coupons are still valid"),
    "offer_length": lazy("days that coupons are valid"),
    "redemptions_28d": lazy("coupons redeemed in 28 days"),
    "redemptions_182d": lazy("coupons redeemed in 182 days"),
    "redemption_recency": lazy("days since a coupon was redeemed"),
    "redemption_rate": lazy("share of coupons redeemed"),
    "messages_28d": lazy("messages in 28 days"),
    "messages_182d": lazy("messages in 182 days"),
    "message_recency": lazy("days since the last message"),
    "clicks_28d": lazy("clicks in 28 days"),
    "clicks_182d": lazy("clicks in 182 days"),
    "click_recency": lazy("days since the last click"),
    "click_rate": lazy("share of messages clicked"),
    "purchases": lazy("orders to be expected"),
    "alive": lazy("chance of still being a customer"),
    "basket": lazy("basket to be expected"),
}


def sentences(reasons: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each reason in the reader's language: what, how much, and which way it moves the score."""
    return [_sentence(reason) for reason in reasons]


def _sentence(reason: Mapping[str, Any]) -> str:
    name = str(NAMES.get(reason["feature"], reason["feature"]))
    value, adds = reason.get("value"), reason.get("adds")
    said = _("none") if value is None else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    if adds is None:
        return _("%(name)s: %(value)s") % {"name": name, "value": said}
    if adds > 0:
        return _("%(name)s: %(value)s, raises it") % {"name": name, "value": said}
    return _("%(name)s: %(value)s, lowers it") % {"name": name, "value": said}
