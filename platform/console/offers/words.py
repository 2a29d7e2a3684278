"""A promotion's rule in words: who gets what, when, how often, and beside what else.

What cannot be read yet is left out, so that the sentence grows while somebody writes.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.promotions.benefits import parse_benefit
from campaigns.promotions.conditions import parse_conditions
from campaigns.promotions.models import Promotion
from campaigns.promotions.vocabulary import RuleInvalid
from console.offers.suggestions import names_in
from core.clock import shop_zone
from core.figures import money_text
from core.money import minor_unit

Names = Mapping[str, Mapping[str, str]]
#: So many names are written out.
SHOWN = 4


def in_words(promotion: Promotion, names: Names | None = None) -> dict[str, Any]:
    """Return the rule as `gives`, `when`, `limits` and `beside`. Four small queries without `names`."""
    if names is None:
        names = names_in([promotion.benefit or {}, *(promotion.conditions or [])])
    return {
        "gives": gives(promotion, names),
        "when": [text for rule in promotion.conditions or [] if (text := condition(rule, promotion, names))],
        "limits": limits(promotion),
        "beside": beside(promotion),
    }


def gives(promotion: Promotion, names: Names) -> str:
    """Say the benefit and on which products; nothing while it cannot be read."""
    try:
        sentence = parse_benefit(promotion.benefit).sentence(promotion.currency)
    except (RuleInvalid, KeyError):
        return ""
    kind = promotion.benefit["kind"]
    if kind == "gift":
        sku = promotion.benefit["sku"]
        return _("A gift: %(product)s") % {"product": names.get("product", {}).get(sku, sku)}
    if kind == "bundle":
        parts = [
            f"{item.get('quantity', 1)} × {selection(item, names)}" for item in promotion.benefit["items"]
        ]
        return f"{sentence}: {' + '.join(parts)}"
    on = promotion.benefit.get("on")
    return f"{sentence} · {selection(on, names)}" if on else sentence


def selection(value: Mapping[str, Any], names: Names) -> str:
    """Name the products, categories, brands and shelves that are meant."""
    kinds = {"products": "product", "categories": "category"}
    found = [
        names.get(kinds.get(member, ""), {}).get(str(one), str(one))
        for member in ("products", "categories", "brands", "shelves")
        for one in value.get(member) or []
    ]
    return listed(found)


def listed(found: list[str]) -> str:
    """Join names; of many only the first are written out."""
    if len(found) > SHOWN:
        more = len(found) - SHOWN
        return _("%(names)s and %(count)d more") % {"names": ", ".join(found[:SHOWN]), "count": more}
    return ", ".join(found)


def condition(rule: Any, promotion: Promotion, names: Names) -> str:
    """Say one condition; nothing while it cannot be read."""
    try:
        parse_conditions([rule])
    except RuleInvalid:
        return ""
    currency = promotion.currency
    match rule["kind"]:
        case "basket_amount":
            return _bounds(
                _("the cart is worth"), _money(rule.get("min"), currency), _money(rule.get("max"), currency)
            )
        case "basket_quantity":
            return _("the cart holds at least %(count)d units") % {"count": rule["min"]}
        case "products" | "categories" | "brands" | "shelves" as member:
            return _contains(rule, member, currency, names)
        case "channel":
            return _("the order comes by %(names)s") % {"names": listed(rule["any"])}
        case "segment" | "persona" as kind:
            known = names.get(kind, {})
            groups = listed([known.get(str(one), str(one)) for one in rule["any"]])
            return _("the customer belongs to %(names)s") % {"names": groups}
        case "first_order":
            return _("it is the customer's first order")
        case "orders":
            return _bounds(_("the number of earlier orders is"), rule.get("min"), rule.get("max"))
        case "tier":
            return _("the customer's tier is %(names)s") % {"names": listed(rule["any"])}
        case "points":
            return _bounds(_("the customer's points are"), rule.get("min"), rule.get("max"))
        case "attribute" if "any" in rule:
            return _("%(name)s is %(names)s") % {"name": rule["name"], "names": listed(rule["any"])}
        case "attribute":
            subject = _("%(name)s is") % {"name": rule["name"]}
            return _bounds(subject, rule.get("min"), rule.get("max"))
        case "time_window":
            return _window(rule)
        case _:
            return _holiday(rule)


def _bounds(subject: str, least: Any, most: Any) -> str:
    if least is not None and most is not None:
        return _("%(subject)s between %(least)s and %(most)s") % {
            "subject": subject,
            "least": least,
            "most": most,
        }
    if least is not None:
        return _("%(subject)s at least %(least)s") % {"subject": subject, "least": least}
    return _("%(subject)s at most %(most)s") % {"subject": subject, "most": most}


def _contains(rule: Mapping[str, Any], member: str, currency: str, names: Names) -> str:
    what = selection({member: rule["any"]}, names)
    if "min_amount" in rule:
        return _("the cart holds %(what)s for at least %(amount)s") % {
            "what": what,
            "amount": _money(rule["min_amount"], currency),
        }
    if rule.get("min_quantity", 1) > 1:
        return _("the cart holds at least %(count)d of %(what)s") % {
            "count": rule["min_quantity"],
            "what": what,
        }
    return _("the cart holds %(what)s") % {"what": what}


def _window(rule: Mapping[str, Any]) -> str:
    parts = []
    if days := rule.get("weekdays"):
        week = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
        parts.append(_("on %(days)s") % {"days": ", ".join(week[day - 1] for day in sorted(days))})
    if hours := rule.get("hours"):
        parts.append(_("from %(first)02d:00 to %(last)02d:00") % {"first": hours[0], "last": hours[1]})
    if start := rule.get("from"):
        parts.append(_("from %(moment)s") % {"moment": moment(parse_datetime(start))})
    if end := rule.get("until"):
        parts.append(_("until %(moment)s") % {"moment": moment(parse_datetime(end))})
    return _("the order is placed %(when)s") % {"when": " ".join(parts)}


def _holiday(rule: Mapping[str, Any]) -> str:
    if days := rule.get("days_before"):
        return ngettext(
            "it is a public holiday in %(country)s, or %(count)d day before one",
            "it is a public holiday in %(country)s, or at most %(count)d days before one",
            days,
        ) % {"country": rule["market"], "count": days}
    return _("it is a public holiday in %(country)s") % {"country": rule["market"]}


def _money(value: Any, currency: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return " / ".join(_money(amount, code) or "" for code, amount in value.items())
    return money_text(Decimal(value).quantize(minor_unit(currency)), currency)


def moment(at: datetime | None) -> str:
    """Write a moment by the shop's clock."""
    return date_format(at.astimezone(shop_zone()), "SHORT_DATETIME_FORMAT") if at else ""


def limits(promotion: Promotion) -> list[str]:
    """Say when it runs, how often it may be used, and what it may cost."""
    found = []
    starts, ends = moment(promotion.starts_at), moment(promotion.ends_at)
    if starts and ends:
        found.append(_("from %(from)s until %(until)s") % {"from": starts, "until": ends})
    elif starts:
        found.append(_("from %(moment)s") % {"moment": starts})
    elif ends:
        found.append(_("until %(moment)s") % {"moment": ends})
    if promotion.needs_code:
        found.append(_("with a coupon code"))
    for count, words in (
        (promotion.limit_per_customer, _("at most %(count)d times for each customer")),
        (promotion.limit_per_day, _("at most %(count)d times a day")),
        (promotion.limit, _("at most %(count)d times in all")),
    ):
        if count is not None:
            found.append(words % {"count": count})
    if promotion.budget is not None:
        amount = money_text(promotion.budget, promotion.currency)
        found.append(_("until %(amount)s are given away") % {"amount": amount})
    return found


def beside(promotion: Promotion) -> str:
    """Say how it goes with other offers."""
    told: dict[str, str] = {
        Promotion.Stacking.ALWAYS: _("It comes on top of every other offer."),
        Promotion.Stacking.COMMON: _("Beside offers like it, each product takes the better one."),
        Promotion.Stacking.NEVER: _("Where it applies, no other offer does."),
    }
    return told.get(promotion.stacking, "")
