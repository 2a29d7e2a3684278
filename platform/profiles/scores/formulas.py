"""The features of the scores as a catalogue: formula in the reader's language, unit, source."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ORDERS, COUPONS, REDEMPTIONS, MESSAGES, CLICKS = "orders", "offer", "redemption", "message", "click"

#: What the facts that features are made of are called.
SOURCES: dict[str, str | Promise] = {
    ORDERS: pgettext_lazy("a source of facts", "orders"),
    COUPONS: _("coupons given"),
    REDEMPTIONS: _("coupons redeemed"),
    MESSAGES: pgettext_lazy("a source of facts", "messages sent"),
    CLICKS: _("clicks by people"),
}
_DAYS, _MONEY, _RATIO = _("days"), _("money"), _("ratio")
_COUNT, _SHARE = pgettext_lazy("a unit", "number"), pgettext_lazy("a unit", "share")

#: Feature: (formula, unit, the facts it is made of). The English formula is the library's.
FEATURES: dict[str, tuple[str | Promise, str | Promise, tuple[str, ...]]] = {
    "recency_days": (_("days since the last basket"), _DAYS, (ORDERS,)),
    "tenure_days": (_("days since the first basket, at most 182"), _DAYS, (ORDERS,)),
    "orders_28d": (_("baskets in 28 days"), _COUNT, (ORDERS,)),
    "orders_84d": (_("baskets in 84 days"), _COUNT, (ORDERS,)),
    "orders_per_week": (_("baskets a week since the first, at least one week"), _RATIO, (ORDERS,)),
    "weeks_84d": (_("of the last 12 weeks, those with a basket"), _COUNT, (ORDERS,)),
    "pace_14d": (_("baskets, each counting exp(-days ago ÷ 14)"), _RATIO, (ORDERS,)),
    "pace_45d": (_("baskets, each counting exp(-days ago ÷ 45)"), _RATIO, (ORDERS,)),
    "last_gap": (_("days between the last two baskets; missing for one basket"), _DAYS, (ORDERS,)),
    "gap_days": (_("mean days between baskets; missing for one basket"), _DAYS, (ORDERS,)),
    "gap_spread": (
        _("standard deviation of the days between baskets; missing below three baskets"), _DAYS, (ORDERS,),
    ),
    "silence": (
        _("days since the last basket ÷ (mean gap + 1 day); missing for one basket"), _RATIO, (ORDERS,),
    ),
    "longest_gap": (_("longest silence between two baskets in days"), _DAYS, (ORDERS,)),
    "trend": (_("baskets in 28 days × 3 ÷ (baskets in 84 days + 1)"), _RATIO, (ORDERS,)),
    "amount_28d": (_("amount in 28 days"), _MONEY, (ORDERS,)),
    "amount_84d": (_("amount in 84 days"), _MONEY, (ORDERS,)),
    "basket_value": (_("amount a basket"), _MONEY, (ORDERS,)),
    "basket_items": (_("different items a basket"), _COUNT, (ORDERS,)),
    "discount_share": (_("discount ÷ (amount + discount)"), _SHARE, (ORDERS,)),
    "weekend_share": (_("of the baskets, in UTC"), _SHARE, (ORDERS,)),
    "sale_share": (_("of the amount, what was bought in sales"), _SHARE, (ORDERS,)),
    "sale_share_28d": (
        _("of the amount in 28 days, what was bought in sales; missing without one"), _SHARE, (ORDERS,),
    ),
    "holiday_share": (_("of the amount, what was bought on public holidays"), _SHARE, (ORDERS,)),
    "offers_28d": (_("offers in 28 days"), _COUNT, (COUPONS,)),
    "offers_182d": (_("offers in 182 days"), _COUNT, (COUPONS,)),
    "offer_recency": (_("days since the last offer; missing without one"), _DAYS, (COUPONS,)),
    "offers_open": (_("offers that run at the moment"), _COUNT, (COUPONS,)),
    "offer_days_left": (_("days that open offers will run in the next 28, added up"), _DAYS, (COUPONS,)),
    "offer_length": (
        _("days from first to last of the longest open offer; missing without one"), _DAYS, (COUPONS,),
    ),
    "redemptions_28d": (_("redemptions in 28 days"), _COUNT, (REDEMPTIONS,)),
    "redemptions_182d": (_("redemptions in 182 days"), _COUNT, (REDEMPTIONS,)),
    "redemption_recency": (_("days since the last redemption; missing without one"), _DAYS, (REDEMPTIONS,)),
    "redemption_rate": (
        _("(redemptions in 182 days + 0.1) ÷ (offers in 182 days + 1)"), _SHARE, (COUPONS, REDEMPTIONS),
    ),
    "messages_28d": (_("messages in 28 days"), _COUNT, (MESSAGES,)),
    "messages_182d": (_("messages in 182 days"), _COUNT, (MESSAGES,)),
    "message_recency": (_("days since the last message; missing without one"), _DAYS, (MESSAGES,)),
    "clicks_28d": (_("clicks in 28 days"), _COUNT, (CLICKS,)),
    "clicks_182d": (_("clicks in 182 days"), _COUNT, (CLICKS,)),
    "click_recency": (_("days since the last click; missing without one"), _DAYS, (CLICKS,)),
    "click_rate": (
        _("(clicks in 182 days + 0.1) ÷ (messages in 182 days + 1)"), _SHARE, (MESSAGES, CLICKS),
    ),
}  # fmt: skip
