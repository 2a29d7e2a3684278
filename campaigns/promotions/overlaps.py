"""Which promotions meet: at the same time, on the same products, and what comes of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from catalog.models import Product

from .benefits import Benefit, parse_benefit
from .carts import Line
from .models import Promotion
from .selections import EVERYTHING, Selection, within
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


def overlaps(promotion: Promotion, others: Sequence[Promotion]) -> list[Overlap]:
    """Return which others meet a promotion in time and on products. At most two queries."""
    at_once = [other for other in others if other.pk != promotion.pk and _both(promotion, other)]
    return Comparison([promotion, *at_once]).of(promotion) if at_once else []


class Comparison:
    """Promotions made ready to be compared with each other.

    Products are compared by the catalogue: a brand and a category meet where a product has both. What
    cannot be read, and gifts or shipping beside prices, meets nothing. Each promotion is read once and
    its products become the bits of one number, so that a pair takes about a microsecond. At most two queries.
    """

    def __init__(self, promotions: Sequence[Promotion]) -> None:
        self._promotions = promotions
        read = {p.pk: benefit for p in promotions if (benefit := _benefit(p)) is not None}
        self._kinds = {pk: benefit.kind for pk, benefit in read.items()}
        self._shoppers = {p.pk: _shopper(p) for p in promotions}
        meant = {pk: _selections(benefit) for pk, benefit in read.items()}
        places = _Places(_catalogue(s for selections in meant.values() for s in selections))
        self._bits = {pk: places.of(selections) for pk, selections in meant.items()}

    def of(self, promotion: Promotion) -> list[Overlap]:
        """Return which of the others meet this one, which is among them."""
        return [
            Overlap(other, _outcome(promotion, other), *period)
            for other in self._promotions
            if other.pk != promotion.pk
            and self._meet(promotion.pk, other.pk)
            and (period := _both(promotion, other))
        ]

    def _meet(self, a: UUID, b: UUID) -> bool:
        kind = self._kinds.get(a)
        if kind is None or kind != self._kinds.get(b):
            return False
        if _EVERYWHERE in (self._bits[a], self._bits[b]) or self._bits[a] & self._bits[b]:
            return not _apart(self._shoppers[a], self._shoppers[b])
        return False


def _both(a: Promotion, b: Promotion) -> tuple[datetime | None, datetime | None] | None:
    begins = max((at for at in (a.starts_at, b.starts_at) if at), default=None)
    ends = min((at for at in (a.ends_at, b.ends_at) if at), default=None)
    return None if begins and ends and begins >= ends else (begins, ends)


def _shopper(promotion: Promotion) -> tuple[bool, bool]:
    """Say whether only a first order gets it, and whether only a later one does."""
    rules = [rule for rule in promotion.conditions if isinstance(rule, dict)]
    first = any(rule.get("kind") == "first_order" for rule in rules)
    return first, any(rule.get("kind") == "orders" and (rule.get("min") or 0) > 0 for rule in rules)


def _apart(a: tuple[bool, bool], b: tuple[bool, bool]) -> bool:
    """Say whether no cart could carry both."""
    return (a[0] and b[1]) or (b[0] and a[1])


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


#: Every bit: what speaks of everything meets whatever there is.
_EVERYWHERE = -1


class _Places:
    """Where products, brands and categories stand among the lines of a catalogue, as bits."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._products: dict[str, int] = defaultdict(int)
        self._brands: dict[str, int] = defaultdict(int)
        self._categories: dict[str, int] = defaultdict(int)
        for number, line in enumerate(lines):
            bit = 1 << number
            self._products[line.sku] |= bit
            self._brands[line.brand] |= bit
            self._categories[line.category] |= bit

    def of(self, selections: Iterable[Selection]) -> int:
        """Return the bits of all lines that any of the selections means."""
        bits = 0
        for selection in selections:
            # Where products stand is the cart's to say: a shelf may hold anything.
            if selection.is_everything or selection.shelves:
                return _EVERYWHERE
            for name in selection.products:
                bits |= self._products.get(name, 0)
            for name in selection.brands:
                bits |= self._brands.get(name, 0)
            for path in selection.categories:
                for category, there in self._categories.items():
                    if within(category, path):
                        bits |= there
        return bits
