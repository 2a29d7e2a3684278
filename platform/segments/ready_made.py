"""The segments that every shop begins with. They can be changed and removed like any other."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_noop as noop


class ReadyMade(NamedTuple):
    """A segment that is there from the start; name and description are translated when shown."""

    slug: str
    name: str
    description: str
    rule: dict[str, Any]


def _rfm(value: str) -> dict[str, Any]:
    return {"field": "profile.rfm_class", "op": "eq", "value": value}


READY_MADE = (
    ReadyMade(
        "champions",
        noop("Champions"),
        noop("Bought lately, often and for much."),
        {"all": [_rfm("champions")]},
    ),
    ReadyMade(
        "loyal",
        noop("Loyal customers"),
        noop("Buy often and have not stopped."),
        {"all": [_rfm("loyal")]},
    ),
    ReadyMade(
        "win-back",
        noop("Big spenders gone quiet"),
        noop("Spent much and have not been seen for long."),
        {"all": [_rfm("big_spenders_quiet")]},
    ),
    ReadyMade(
        "at-risk",
        noop("At risk"),
        noop("Silent for more than twice their own rhythm, or used to buy often."),
        {
            "any": [
                _rfm("at_risk"),
                {"field": "profile.lifecycle", "op": "eq", "value": "lapsing"},
            ]
        },
    ),
    ReadyMade(
        "first-time-buyers",
        noop("First-time buyers"),
        noop("Have one order, from the last 60 days."),
        {
            "all": [
                {"field": "profile.orders", "op": "eq", "value": 1},
                {"field": "profile.first_order_at", "op": "within_days", "value": 60},
            ]
        },
    ),
    ReadyMade(
        "price-sensitive",
        noop("Price-sensitive"),
        noop("Buy mostly at a discount."),
        {
            "all": [
                {"field": "profile.orders", "op": "gte", "value": 3},
                {"field": "profile.discounted_lines", "op": "gte", "value": 0.6},
            ]
        },
    ),
    ReadyMade(
        "email-consent",
        noop("Everyone with e-mail consent"),
        noop("Has an address and agreed to marketing."),
        {
            "all": [
                {"field": "customer.has_email", "op": "eq", "value": True},
                {"field": "consent.email", "op": "eq", "value": True},
            ]
        },
    ),
)
