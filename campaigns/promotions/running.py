"""The promotions that run, as the applicator sees them: rules parsed once, limits as they stand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

import orjson
from django.db import connection
from django.db.models import TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from core.clock import shop_zone

from .applicator import Offer
from .benefits import Benefit, parse_benefit
from .conditions import Condition, parse_conditions
from .models import CustomerCount, DayCount, Promotion
from .vocabulary import Amounts, RuleInvalid, parts_of


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


class _Row(Stated, Protocol):
    """The same as it was read."""

    def _replace(self, **figures: Any) -> "Stated":
        """Return it with other figures."""


#: The columns of `Stated`.
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


# A coupon's promotion is read with every call of a till, so what was parsed is kept.
@lru_cache(maxsize=4096)
def _rules(conditions: str | bytes, benefit: str | bytes) -> Rules:
    stated = orjson.loads(conditions)
    parse_conditions(stated)  # names what is wrong with them together
    parsed = tuple(_condition(orjson.dumps(rule)) for rule in stated), _benefit(benefit)
    return Rules(*parsed, any(True for _amounts in parts_of(parsed, Amounts)))


# What several promotions state in the same words is one object, which a cart is asked about once.
@lru_cache(maxsize=4096)
def _condition(rule: bytes) -> Condition:
    [condition] = parse_conditions([orjson.loads(rule)])
    return condition


@lru_cache(maxsize=4096)
def _benefit(rule: str | bytes) -> Benefit:
    return parse_benefit(orjson.loads(rule))


@dataclass(frozen=True, slots=True)
class _Standing:
    """A running promotion with its rules; `offer` where neither budget nor narrow limit can change it."""

    row: _Row
    rules: Rules
    offer: Offer | None


def automatic_offers(now: datetime, customer_id: int | None = None) -> list[Offer]:
    """Return the running promotions that need no code.

    One query, and one for each kind of narrow limit; one more after a change, which nobody has to
    announce: the query says by a sum over all that is stated whether this process knows it. 200
    promotions take 0.4 ms of PostgreSQL's time and 0.2 ms of ours.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SUM, {"now": now})
        count, stamp, *counted = cursor.fetchone()
    if not count:
        return []
    standing = _known.get((count, stamp)) or _read(now)
    today = _used_today([one.row for one in standing], now)
    theirs = _used_by_customer([one.row for one in standing], customer_id)
    live = {slug: figures for slug, *figures in zip(*counted, strict=True)} if counted[0] else {}
    offers = []
    for one in standing:
        if (figures := live.get(one.row.slug)) is None:
            offer = one.offer or _offer(one.row, one.rules, now, today, theirs, customer_id)
        else:
            row = one.row._replace(used=figures[0], spent=figures[1])
            offer = _offer(row, one.rules, now, today, theirs, customer_id)
        offers.append(offer)
    return offers


#: What running promotions state, by their number and the sum of their rows' hashes.
_known: dict[tuple[int, int], list[_Standing]] = {}
_MOST_KNOWN = 8

# Everything but what uses change. The equality behind it is that of PostgreSQL's own hash joins.
_HASH = """hash_record_extended(ROW(
    id, slug, conditions, benefit, stacking, priority, starts_at, ends_at, "limit", limit_per_customer,
    limit_per_day, currency, also_in, prices, budget
), 0)"""
_LIVE = 'FILTER (WHERE budget IS NOT NULL OR used >= "limit")'
_SUM = f"""
SELECT count(*), sum({_HASH}), array_agg(slug) {_LIVE}, array_agg(used) {_LIVE}, array_agg(spent) {_LIVE}
FROM promotions_promotion
WHERE active AND NOT needs_code
  AND (starts_at IS NULL OR starts_at <= %(now)s) AND (ends_at IS NULL OR ends_at > %(now)s)
"""  # noqa: S608 – no input


def _read(now: datetime) -> list[_Standing]:
    """Read the running promotions and keep them under their sum. Those that cannot be read are left out."""
    rows = (
        Promotion.objects.running(now)
        .automatic()
        .order_by()
        .annotate(hash=RawSQL(_HASH, []))  # noqa: S611 – no input
        .values_list(
            *COLUMNS, "hash", Cast("conditions", TextField()), Cast("benefit", TextField()), named=True
        )
    )
    found, count, stamp = [], 0, 0
    for row in rows:
        count, stamp = count + 1, stamp + row.hash
        if rules := _readable(row[-2], row[-1]):
            narrow = (row.budget, row.limit_per_day, row.limit_per_customer) != (None, None, None)
            found.append(_Standing(row, rules, None if narrow else _offer(row, rules, now, {}, {}, None)))
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[count, stamp] = found
    return found


def offers_of(promotions: Sequence[Promotion], now: datetime, customer_id: int | None) -> list[Offer]:
    """Return promotions as the applicator sees them for a customer, or for a stranger.

    Those whose stored rules cannot be read are left out: nobody but `services` writes them, so that is
    a defect of the data and not of the cart. A query for each kind of narrow limit that one of them has.
    """
    today, theirs = _used_today(promotions, now), _used_by_customer(promotions, customer_id)
    return [
        _offer(promotion, rules, now, today, theirs, customer_id)
        for promotion in promotions
        if (rules := _readable(orjson.dumps(promotion.conditions), orjson.dumps(promotion.benefit)))
    ]


def _readable(conditions: str | bytes, benefit: str | bytes) -> Rules | None:
    try:
        return _rules(conditions, benefit)
    except RuleInvalid:
        return None


def _offer(
    row: Stated,
    rules: Rules,
    now: datetime,
    today: Mapping[object, int],
    theirs: Mapping[object, int],
    customer_id: int | None,
) -> Offer:
    return Offer(
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
