"""The promotions that run, as the applicator sees them: rules parsed once, limits as they stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

import orjson
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from core.clock import shop_zone

from .applicator import Offer
from .benefits import Benefit, parse_benefit
from .conditions import Condition, parse_conditions
from .models import CustomerCount, DayCount, Promotion
from .vocabulary import RuleInvalid, amounts_in


class Stated(Protocol):
    """A promotion's row, as far as offers are made of it: the model's fields and its rules."""

    pk: Any
    slug: str
    stacking: str
    priority: int
    starts_at: datetime | None
    ends_at: datetime | None
    active: bool
    limit: int | None
    used: int
    limit_per_customer: int | None
    limit_per_day: int | None
    currency: str
    also_in: list[str]
    prices: str
    budget: Decimal | None
    spent: Decimal


#: The columns of `Stated`; the rules are read as text, by which they are known again.
COLUMNS = (
    "pk", "slug", "stacking", "priority", "starts_at", "ends_at", "active", "limit", "used",
    "limit_per_customer", "limit_per_day", "currency", "also_in", "prices", "budget", "spent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """A promotion's rules. `states_money` says whether any amount of money is among them."""

    conditions: tuple[Condition, ...]
    benefit: Benefit
    states_money: bool


# The same promotions are asked for with every cart, so what was parsed is kept: 200 of them take 10 ms.
@lru_cache(maxsize=4096)
def _rules(conditions: str | bytes, benefit: str | bytes) -> Rules:
    parsed = parse_conditions(orjson.loads(conditions)), parse_benefit(orjson.loads(benefit))
    return Rules(*parsed, any(True for _amounts in amounts_in(parsed)))


def automatic_offers(now: datetime, customer_id: int | None = None) -> list[Offer]:
    """Return the running promotions that need no code. One query, and one for each kind of narrow limit."""
    rows = list(
        Promotion.objects.running(now)
        .automatic()
        .order_by()
        .values_list(
            *COLUMNS,
            Cast("conditions", TextField()),
            Cast("benefit", TextField()),
            named=True,
        )
    )
    return _offers([(row, row[-2], row[-1]) for row in rows], now, customer_id)


def offers_of(promotions: Sequence[Promotion], now: datetime, customer_id: int | None) -> list[Offer]:
    """Return promotions as the applicator sees them for a customer, or for a stranger.

    Those whose stored rules cannot be read are left out: nobody but `services` writes them, so that is
    a defect of the data and not of the cart.
    """
    return _offers(
        [(p, orjson.dumps(p.conditions), orjson.dumps(p.benefit)) for p in promotions], now, customer_id
    )


def _offers(
    rows: Sequence[tuple[Stated, str | bytes, str | bytes]], now: datetime, customer_id: int | None
) -> list[Offer]:
    today = _used_today([row for row, _c, _b in rows], now)
    theirs = _used_by_customer([row for row, _c, _b in rows], customer_id)
    offers = []
    for row, conditions, benefit in rows:
        try:
            rules = _rules(conditions, benefit)
        except RuleInvalid:
            continue
        offers.append(
            Offer(
                row.slug,
                rules.conditions,
                rules.benefit,
                row.stacking,
                row.priority,
                row.currency,
                None if row.budget is None else row.budget - row.spent,
                barred(row, now, today.get(row.pk, 0), theirs.get(row.pk, 0), customer_id is None),
                frozenset(row.also_in),
                row.prices if rules.states_money else "",
            )
        )
    return offers


def barred(
    promotion: Stated, now: datetime, used_today: int = 0, used_by_customer: int = 0, stranger: bool = False
) -> tuple[str, str] | None:
    """Say why a promotion applies to no cart at all at this moment: (code, sentence), or None."""
    if not promotion.active:
        return "inactive", _("This offer is switched off.")
    if promotion.starts_at and now < promotion.starts_at:
        return "not_begun", _("This offer has not begun.")
    if promotion.ends_at and now >= promotion.ends_at:
        return "over", _("This offer is over.")
    if promotion.limit is not None and promotion.used >= promotion.limit:
        return "limit", _("This offer has been used as often as it may be.")
    if promotion.budget is not None and promotion.spent >= promotion.budget:
        return "budget", _("This offer's budget is used up.")
    if promotion.limit_per_day is not None and used_today >= promotion.limit_per_day:
        return "limit_per_day", _("This offer has been used as often as it may be today.")
    if promotion.limit_per_customer is not None and stranger:
        return "customer", _("Say which customer it is: the offer is limited per customer.")
    if promotion.limit_per_customer is not None and used_by_customer >= promotion.limit_per_customer:
        return "limit_per_customer", _("This customer has used the offer as often as it may be.")
    return None


def _used_today(promotions: Iterable[Stated], now: datetime) -> dict[object, int]:
    """Return how often those that are limited by the day were used today. At most one query."""
    limited = [p.pk for p in promotions if p.limit_per_day is not None]
    day = now.astimezone(shop_zone()).date()
    return (
        dict(DayCount.objects.filter(promotion__in=limited, day=day).values_list("promotion", "used"))
        if limited
        else {}
    )


def _used_by_customer(promotions: Iterable[Stated], customer_id: int | None) -> dict[object, int]:
    """Return how often the customer used those that are limited per customer. At most one query."""
    limited = [p.pk for p in promotions if p.limit_per_customer is not None]
    if not limited or customer_id is None:
        return {}
    counts = CustomerCount.objects.filter(promotion__in=limited, customer=customer_id)
    return dict(counts.values_list("promotion", "used"))
