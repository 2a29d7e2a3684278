"""Which promotions meet: at the same time, on the same products, and what comes of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from catalog.models import Product

from .benefits import Benefit, parse_benefit
from .carts import Line
from .models import Promotion
from .selections import EVERYTHING, Selection
from .vocabulary import RuleInvalid

#: More than this are running nowhere; the newest are looked at.
MOST = 300
Stacking = Promotion.Stacking


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another promotion that meets this one. `outcome` is `excludes`, `excluded`, `adds`, or `best`."""

    promotion: Promotion
    outcome: str
    begins: datetime | None
    ends: datetime | None


def open_promotions(now: datetime) -> list[Promotion]:
    """Return the promotions that are on and not over, soonest first. One query."""
    on = Promotion.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), active=True)
    return list(on.order_by("starts_at", "name")[:MOST])


def overlaps(
    promotion: Promotion, others: Sequence[Promotion], known: Sequence[Line] | None = None
) -> list[Overlap]:
    """Return which others meet a promotion in time and on products. At most two queries, none with `known`.

    Products are compared by the catalogue: a brand and a category meet where a product has both. What
    cannot be read, and gifts or shipping beside prices, meets nothing.
    """
    at_once = [
        (other, period)
        for other in others
        if other.pk != promotion.pk and (period := _both(promotion, other))
    ]
    benefits = {
        p.pk: benefit for p in [promotion, *(o for o, _p in at_once)] if (benefit := _benefit(p)) is not None
    }
    mine = benefits.get(promotion.pk)
    if mine is None:
        return []
    alike = [
        (other, period)
        for other, period in at_once
        if other.pk in benefits and benefits[other.pk].kind == mine.kind and _same_shopper(promotion, other)
    ]
    meant = {pk: _selections(benefit) for pk, benefit in benefits.items()}
    if known is None:
        known = _catalogue(s for other, _p in alike for s in (*meant[other.pk], *meant[promotion.pk]))
    return [
        Overlap(other, _outcome(promotion, other), *period)
        for other, period in alike
        if _meet(meant[promotion.pk], meant[other.pk], known)
    ]


def catalogue_of(promotions: Iterable[Promotion]) -> list[Line]:
    """Return what of the catalogue is needed to compare promotions with each other. At most two queries."""
    benefits = (_benefit(promotion) for promotion in promotions)
    return _catalogue(s for benefit in benefits if benefit is not None for s in _selections(benefit))


def _both(a: Promotion, b: Promotion) -> tuple[datetime | None, datetime | None] | None:
    begins = max((at for at in (a.starts_at, b.starts_at) if at), default=None)
    ends = min((at for at in (a.ends_at, b.ends_at) if at), default=None)
    return None if begins and ends and begins >= ends else (begins, ends)


def _same_shopper(a: Promotion, b: Promotion) -> bool:
    """Say whether one cart could carry both: not where only first orders meet only later ones."""
    kinds = [{c.get("kind") for c in p.conditions if isinstance(c, dict)} for p in (a, b)]
    later = [
        any(
            c.get("kind") == "orders" and (c.get("min") or 0) > 0 for c in p.conditions if isinstance(c, dict)
        )
        for p in (a, b)
    ]
    return not (("first_order" in kinds[0] and later[1]) or ("first_order" in kinds[1] and later[0]))


def _outcome(a: Promotion, b: Promotion) -> str:
    if Stacking.NEVER in (a.stacking, b.stacking):
        alone, other = (a, b) if a.stacking == Stacking.NEVER else (b, a)
        wins = alone.priority >= other.priority
        return "excludes" if wins is (alone is a) else "excluded"
    return "adds" if Stacking.ALWAYS in (a.stacking, b.stacking) else "best"


def _benefit(promotion: Promotion) -> Benefit | None:
    try:
        return parse_benefit(promotion.benefit)
    except RuleInvalid:
        return None


def _selections(benefit: Any) -> list[Selection]:
    return list(_walk(benefit)) or [EVERYTHING]


def _walk(part: Any) -> Iterator[Selection]:
    if isinstance(part, Selection):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from _walk(one)
    elif is_dataclass(part) and not isinstance(part, type):
        for field in fields(part):
            yield from _walk(getattr(part, field.name))


def _catalogue(selections: Iterable[Selection]) -> list[Line]:
    """Return a line for each named product, and one for each brand within each category."""
    named = [s for s in selections if not s.is_everything]
    skus = set[str]().union(*(s.products for s in named))
    columns = ("category__path", "brand")
    lines = []
    if skus:
        rows = {sku: rest for sku, *rest in Product.objects.filter(sku__in=skus).values_list("sku", *columns)}
        lines = [_line(sku, *rows.get(sku, ("", ""))) for sku in skus]
    if any(s.categories or s.brands for s in named):
        pairs = Product.objects.order_by().values_list(*columns).distinct()
        lines += [_line("", path, brand) for path, brand in pairs]
    return lines


def _line(sku: str, path: str | None, brand: str | None) -> Line:
    return Line(sku, Decimal(1), Decimal(0), path or "", brand or "")


def _meet(mine: Sequence[Selection], theirs: Sequence[Selection], known: Sequence[Line]) -> bool:
    for a in mine:
        for b in theirs:
            # Where products stand is the cart's to say: a shelf may hold anything.
            if a.is_everything or b.is_everything or a.shelves or b.shelves:
                return True
            if any(a.matches(line) and b.matches(line) for line in known):
                return True
    return False
