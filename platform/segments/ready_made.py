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


def _known(field: str, op: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value, **more}


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
        "vip",
        noop("VIP"),
        noop("The tenth of all buyers who spent the most."),
        {
            "all": [
                {
                    "top": {
                        "field": "profile.revenue",
                        "percent": 10,
                        "order": "desc",
                        "of": {"event": "purchase"},
                    }
                }
            ]
        },
    ),
    ReadyMade(
        "new-customers",
        noop("New customers"),
        noop("Began to buy lately."),
        {"all": [_rfm("new")]},
    ),
    ReadyMade(
        "promising",
        noop("Promising"),
        noop("Bought lately, a few times; worth a reason for the next order."),
        {"all": [_rfm("promising")]},
    ),
    ReadyMade(
        "first-time-buyers",
        noop("First-time buyers"),
        noop("Have one order, from the last 60 days."),
        {
            "all": [
                _known("profile.orders", "eq", 1),
                _known("profile.first_order_at", "within_days", 60),
            ]
        },
    ),
    ReadyMade(
        "cart-abandoners",
        noop("Cart abandoners"),
        noop("Added to the cart in the last 7 days and did not buy within 24 hours."),
        {
            "all": [
                {
                    "sequence": [{"event": "add_to_cart", "within_days": 7}, {"event": "purchase"}],
                    "within": {"hours": 24},
                    "absent": True,
                }
            ]
        },
    ),
    ReadyMade(
        "birthday-this-week",
        noop("Birthday this week"),
        noop("Have their birthday today or in the six days after."),
        {"all": [_known("customer.birthday", "in_next_days", 7, zone="customer")]},
    ),
    ReadyMade(
        "price-sensitive",
        noop("Price-sensitive"),
        noop("Buy mostly at a discount."),
        {
            "all": [
                _known("profile.orders", "gte", 3),
                _known("profile.discounted_lines", "gte", 0.6),
            ]
        },
    ),
    ReadyMade(
        "churn-risk",
        noop("High churn risk"),
        noop("Will probably not buy again: a churn risk of 60% or more."),
        {"all": [_known("score.churn", "gte", 0.6)]},
    ),
    ReadyMade(
        "at-risk",
        noop("At risk"),
        noop("Silent for more than twice their own rhythm, or used to buy often."),
        {"any": [_rfm("at_risk"), _known("profile.lifecycle", "eq", "lapsing")]},
    ),
    ReadyMade(
        "win-back",
        noop("Big spenders gone quiet"),
        noop("Spent much and have not been seen for long."),
        {"all": [_rfm("big_spenders_quiet")]},
    ),
    ReadyMade(
        "hibernating",
        noop("Hibernating"),
        noop("Bought little, and long ago."),
        {"all": [_rfm("hibernating")]},
    ),
    ReadyMade(
        "email-consent",
        noop("Everyone with e-mail consent"),
        noop("Has an address and agreed to marketing."),
        {
            "all": [
                _known("customer.has_email", "eq", True),
                _known("consent.email", "eq", True),
            ]
        },
    ),
)
