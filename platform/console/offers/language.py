"""The rows of the promotion editor: each kind of condition and benefit with its name and its fields.

The editor's script draws what is said here and writes the vocabulary of campaigns.promotions; what a
field may hold is judged there.
"""

from typing import Any

from django.utils.translation import gettext as _

from campaigns.promotions.benefits import KINDS as BENEFITS
from campaigns.promotions.conditions import KINDS as CONDITIONS
from campaigns.promotions.models import Promotion

Field = dict[str, Any]


def language() -> dict[str, Any]:
    """Return the editor's language in the active tongue. Every kind of the engine is in it."""
    conditions, benefits = _conditions(), _benefits()
    return {
        "conditions": [{"kind": kind, **conditions[kind]} for kind in CONDITIONS],
        "benefits": [{"kind": kind, **benefits[kind]} for kind in BENEFITS],
        "stacking": [
            {
                "value": Promotion.Stacking.COMMON,
                "label": _("The best one for each product"),
                "note": _("Of offers like this, each product takes the one that saves most."),
            },
            {
                "value": Promotion.Stacking.ALWAYS,
                "label": _("Always on top"),
                "note": _("Added to whatever else applies. Mind the sum."),
            },
            {
                "value": Promotion.Stacking.NEVER,
                "label": _("Never with others"),
                "note": _("Where it applies, it applies alone; priority decides against others alike."),
            },
        ],
        "kindLabel": _("What it gives"),
        "labels": {
            "starts_at": _("Starts"),
            "ends_at": _("Ends"),
            "limit": _("Times at most, in all"),
            "limit_per_customer": _("Times for each customer"),
            "limit_per_day": _("Times a day"),
            "budget": _("Budget"),
            "needs_code": _("Only with a coupon code"),
            "priority": _("Priority (higher comes first)"),
            "currency": _("Currency"),
            "also_in": _("Also in (amounts are then written for each)"),
            "prices": _("Amounts are meant"),
            "further": _("Priority, currencies, taxes"),
        },
        "cart": {
            "search": _("Find a product by name or number"),
            "customer": _("Customer (number)"),
            "at": _("At (now without)"),
            "channel": _("Ordered by"),
            "code": _("With the code"),
        },
        "prices": [{"value": value, "label": str(label)} for value, label in Promotion.Prices.choices],
        "selections": [
            {"name": "products", "label": _("Products"), "suggest": "product"},
            {"name": "categories", "label": _("Categories"), "suggest": "category"},
            {"name": "brands", "label": _("Brands"), "suggest": "brand"},
            {"name": "shelves", "label": _("Shelves or sellers"), "suggest": ""},
        ],
        "weekdays": [
            {"value": n, "label": day}
            for n, day in enumerate(
                (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")), start=1
            )
        ],
    }


def _field(name: str, type_: str, label: str, **more: Any) -> Field:
    return {"name": name, "type": type_, "label": label, **more}


def _conditions() -> dict[str, dict[str, Any]]:
    least = _field("min", "money", _("at least"), optional=True)
    most = _field("max", "money", _("at most"), optional=True)

    def contains(label: str, suggest: str) -> dict[str, Any]:
        return {
            "label": label,
            "group": _("What is in the cart"),
            "fields": [
                _field("any", "tokens", _("any of"), suggest=suggest),
                _field("min_quantity", "whole", _("units at least"), optional=True),
                _field("min_amount", "money", _("for at least"), optional=True),
            ],
        }

    cart, who, when = _("What is in the cart"), _("Who buys"), _("When and where")
    whole_least = _field("min", "whole", _("at least"), optional=True)
    whole_most = _field("max", "whole", _("at most"), optional=True)
    number_least = _field("min", "decimal", _("at least"), optional=True)
    number_most = _field("max", "decimal", _("at most"), optional=True)
    return {
        "basket_amount": {"label": _("Amount of the cart"), "group": cart, "fields": [least, most]},
        "basket_quantity": {
            "label": _("Units in the cart"),
            "group": cart,
            "fields": [_field("min", "whole", _("at least"), start=2)],
        },
        "products": contains(_("Contains products"), "product"),
        "categories": contains(_("Contains of a category"), "category"),
        "brands": contains(_("Contains of a brand"), "brand"),
        "shelves": contains(_("Contains from a shelf"), ""),
        "channel": {
            "label": _("Ordered by"),
            "group": when,
            "fields": [_field("any", "tokens", _("any of"), suggest="channel")],
        },
        "segment": {
            "label": _("Is in a segment"),
            "group": who,
            "fields": [_field("any", "tokens", _("any of"), suggest="segment")],
        },
        "persona": {
            "label": _("Is of a persona"),
            "group": who,
            "fields": [_field("any", "numbers", _("any of"), suggest="persona")],
        },
        "first_order": {"label": _("Has not ordered before"), "group": who, "fields": []},
        "orders": {"label": _("Earlier orders"), "group": who, "fields": [whole_least, whole_most]},
        "attribute": {
            "label": _("Attribute of the customer"),
            "group": who,
            "fields": [
                _field("name", "text", _("attribute"), suggest="attribute"),
                _field("any", "tokens", _("is any of"), suggest="", optional=True),
                number_least,
                number_most,
            ],
        },
        "tier": {
            "label": _("Member tier"),
            "group": who,
            "fields": [_field("any", "tokens", _("any of"), suggest="tier")],
        },
        "points": {"label": _("Member points"), "group": who, "fields": [number_least, number_most]},
        "time_window": {
            "label": _("Days and hours"),
            "group": when,
            "fields": [
                _field("weekdays", "weekdays", _("on"), optional=True),
                _field("hours", "hours", _("between"), optional=True),
                _field("from", "moment", _("from"), optional=True),
                _field("until", "moment", _("until"), optional=True),
            ],
        },
        "holiday": {
            "label": _("Public holiday"),
            "group": when,
            "fields": [
                _field("market", "text", _("country"), suggest="market", upper=True),
                _field("days_before", "whole", _("and so many days before"), optional=True),
            ],
        },
    }


def _benefits() -> dict[str, dict[str, Any]]:
    on = _field("on", "selection", _("On which products"), optional=True)
    percent = _field("percent", "percent", _("percent off"))
    every = [
        _field("spend", "money", _("for every")),
        _field("save", "money", _("save")),
    ]
    return {
        "percent": {
            "label": _("Percent off"),
            "fields": [percent, _field("most", "money", _("at most in all"), optional=True), on],
        },
        "amount": {"label": _("Amount off"), "fields": [_field("amount", "money", _("amount")), on]},
        "fixed_price": {
            "label": _("Fixed price"),
            "fields": [_field("price", "money", _("each costs")), {**on, "optional": False}],
        },
        "cheapest_free": {
            "label": _("The cheapest one free"),
            "fields": [_field("every", "whole", _("one free of every"), start=3), on],
        },
        "buy_get": {
            "label": _("Buy some, get some"),
            "fields": [
                _field("buy", "whole", _("buy"), start=2),
                _field("get", "whole", _("get"), start=1),
                _field("percent", "percent", _("at percent off"), optional=True),
                _field("times", "whole", _("times at most"), optional=True),
                on,
                _field("get_on", "selection", _("What is got, where it is something else"), optional=True),
            ],
        },
        "bundle": {
            "label": _("A set at one price"),
            "fields": [
                _field(
                    "items",
                    "list",
                    _("The set"),
                    of=[
                        _field("quantity", "whole", _("units"), start=1),
                        _field("", "selection", _("of")),
                    ],
                    add=_("Add a part"),
                ),
                _field("price", "money", _("the set costs"), optional=True, instead="percent"),
                _field("percent", "percent", _("or percent off"), optional=True, instead="price"),
                _field("times", "whole", _("times at most"), optional=True),
            ],
        },
        "spend_save": {
            "label": _("Spend and save"),
            "fields": [
                _field(
                    "tiers",
                    "list",
                    _("Steps"),
                    of=[
                        _field("spend", "money", _("from")),
                        _field("save", "money", _("save"), optional=True, instead="percent"),
                        _field("percent", "percent", _("or percent"), optional=True, instead="save"),
                    ],
                    add=_("Add a step"),
                    start=[{}],
                    optional=True,
                    instead="every",
                ),
                _field("every", "group", _("Or again and again"), of=every, optional=True, instead="tiers"),
                _field("times", "whole", _("times at most"), optional=True, beside="every"),
                _field("per_shelf", "bool", _("each shelf or seller by itself"), optional=True),
                on,
            ],
        },
        "free_shipping": {"label": _("Free shipping"), "fields": []},
        "gift": {
            "label": _("A gift"),
            "fields": [
                _field("sku", "text", _("product"), suggest="product"),
                _field("quantity", "whole", _("units"), optional=True),
            ],
        },
        "points": {
            "label": _("Member points"),
            "fields": [
                _field("multiply", "decimal", _("times the points"), optional=True, instead="add"),
                _field("add", "whole", _("or extra points"), optional=True, instead="multiply"),
            ],
        },
        "deposit": {
            "label": _("Deposit and balance"),
            "fields": [
                _field("deposit", "money", _("deposit for each")),
                _field("worth", "money", _("is worth"), optional=True),
                _field("pay", "period", _("deposit is paid")),
                _field("balance", "period", _("balance is paid")),
                on,
            ],
        },
    }
