"""What meets: two messages for the same people on one day, and promotions on the same products."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import connection
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.promotions.models import Promotion
from campaigns.promotions.overlaps import Comparison
from console.engage.calendar.entries import Entry, Span
from core.figures import number

#: Pairs of audiences that are counted, the soonest first.
PAIRS = 12
SECONDS = 300
#: Promotions that are compared pair by pair.
MOST = 300
#: No more pairs of promotions are told one by one.
MOST_SAID = 20

Pair = tuple[UUID | None, UUID | None]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two entries that meet, in a sentence."""

    first: Entry
    second: Entry
    day: date
    words: str


def of_messages(found: Sequence[Entry], span: Span) -> list[Meeting]:
    """Return which sendings of one day go to the same people, and to how many. From today on; one query."""
    days: dict[date, list[Entry]] = defaultdict(list)
    for entry in found:
        if entry.kind == "campaign" and entry.audience and entry.first >= span.today:
            days[entry.first].append(entry)
    pairs = [(day, a, b) for day in sorted(days) for a, b in combinations(days[day], 2) if a.url != b.url][
        :PAIRS
    ]
    shared = _shared({_pair(a, b) for _day, a, b in pairs})
    return [
        Meeting(a, b, day, _both(day, a, b, shared[_pair(a, b)]))
        for day, a, b in pairs
        if shared.get(_pair(a, b))
    ]


def _pair(a: Entry, b: Entry) -> Pair:
    one, two = sorted((a.audience[0], b.audience[0]), key=str)
    return one, two


def _both(day: date, a: Entry, b: Entry, people: int) -> str:
    return ngettext(
        "%(day)s: %(people)s person gets both “%(a)s” and “%(b)s”.",
        "%(day)s: %(people)s people get both “%(a)s” and “%(b)s”.",
        people,
    ) % {
        "day": date_format(day, "MONTH_DAY_FORMAT"),
        "people": number(people),
        "a": a.title,
        "b": b.title,
    }


_SHARED = """
SELECT p.n, count(*)
  FROM unnest(%(a)s::uuid[], %(b)s::uuid[]) WITH ORDINALITY AS p (a, b, n)
  JOIN segments_segmentmembership x ON x.segment_id = p.a AND x.left_at IS NULL
  LEFT JOIN segments_segmentmembership y
    ON y.segment_id = p.b AND y.customer_id = x.customer_id AND y.left_at IS NULL
 WHERE p.b IS NULL OR p.a = p.b OR y.customer_id IS NOT NULL
 GROUP BY 1
"""


def _shared(pairs: set[Pair]) -> dict[Pair, int]:
    """Return how many people two audiences share, of everyone with everyone the customers."""
    if not pairs:
        return {}
    ordered = sorted(pairs, key=str)
    key = "calendar:shared:" + hashlib.sha256(repr(ordered).encode()).hexdigest()[:24]
    known: dict[Pair, int] | None = cache.get(key)
    if known is None:
        known = _count(ordered)
        cache.set(key, known, SECONDS)
    return known


def _count(pairs: Sequence[Pair]) -> dict[Pair, int]:
    # Everyone stands second; a pair of twice everyone has no members to count.
    asked = [(a or b, b if a else None) for a, b in pairs if a or b]
    found: dict[Pair, int] = {}
    with connection.cursor() as cursor:
        if asked:
            values: dict[str, Any] = {
                "a": [str(a) for a, _b in asked], "b": [str(b) if b else None for _a, b in asked],
            }  # fmt: skip
            cursor.execute(_SHARED, values)
            counted = dict(cursor.fetchall())
            of = [pair for pair in pairs if pair[0] or pair[1]]
            found |= {pair: counted.get(n, 0) for n, pair in enumerate(of, start=1)}
        if (None, None) in pairs:
            cursor.execute("SELECT count(*) FROM customers_customer")
            found[None, None] = cursor.fetchone()[0]
    return found


def of_promotions(found: Sequence[Entry], span: Span) -> list[str]:
    """Return in sentences which promotions meet on the same products from now on. At most three queries."""
    keys = [
        e.key.removeprefix("promotion-")
        for e in found
        if e.kind == "promotion" and e.state in ("running", "planned")
    ]
    if len(keys) < 2:
        return []
    on = Promotion.objects.filter(Q(ends_at=None) | Q(ends_at__gt=span.now), pk__in=keys[:MOST], active=True)
    promotions = list(on.order_by("starts_at", "name"))
    compared, place = Comparison(promotions), {p.pk: n for n, p in enumerate(promotions)}
    pairs = [
        (promotion, met)
        for promotion in promotions
        for met in compared.of(promotion)
        if place[promotion.pk] < place[met.promotion.pk]  # each pair once
    ]
    words = [
        _OUTCOMES[met.outcome]() % {"a": promotion.name, "b": met.promotion.name}
        for promotion, met in pairs[:MOST_SAID]
    ]
    if more := len(pairs) - len(words):
        said = ngettext(
            "%(n)s more pair of promotions meets: see the calendar of promotions.",
            "%(n)s more pairs of promotions meet: see the calendar of promotions.",
            more,
        )
        words.append(said % {"n": number(more)})
    return words


_OUTCOMES = {
    "adds": lambda: _("“%(a)s” and “%(b)s” meet on the same products: both discounts are added up."),
    "best": lambda: _("“%(a)s” and “%(b)s” meet on the same products: the better one counts per product."),
    "excludes": lambda: _("“%(a)s” rules “%(b)s” out where they meet."),
    "excluded": lambda: _("“%(b)s” rules “%(a)s” out where they meet."),
}
