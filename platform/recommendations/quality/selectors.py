"""What may be read of how good lists are and were."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q, Sum

from recommendations.models import ColdProduct, ModelVersion, StrategyWeek

#: So many measured trainings of each strategy are drawn.
TRAININGS = 30
WEEKS = 26


def measured_trainings(limit: int = TRAININGS) -> list[ModelVersion]:
    """Return the last measured versions of every strategy, oldest first. One query."""
    versions = (
        ModelVersion.objects.filter(warm=False, metrics__has_key="objectives")
        .select_related("strategy")
        .order_by("-as_of", "-created_at")[: limit * 12]
    )
    # A training that was repeated as of the same moment counts once, by its last outcome.
    last: dict[tuple[int, object], ModelVersion] = {}
    for version in versions:
        last.setdefault((version.strategy_id, version.as_of), version)
    return sorted(last.values(), key=lambda version: version.as_of)


def weeks(limit: int = WEEKS) -> list[StrategyWeek]:
    """Return the last weeks of every strategy, newest first. Two queries."""
    known = list(StrategyWeek.objects.order_by("-week").values_list("week", flat=True).distinct()[:limit])
    rows = StrategyWeek.objects.filter(week__in=known).select_related("strategy")
    return list(rows.order_by("-week", "-answers"))


@dataclass(frozen=True, slots=True)
class ColdCounts:
    """How many cold products there are, and how they are reached."""

    products: int
    never_bought: int
    listed: int
    unreached: int
    impressions: int
    clicks: int


def cold_counts() -> ColdCounts:
    """Count the cold products by what reaches them. One query."""
    found = ColdProduct.objects.aggregate(
        products=Count("pk"),
        never_bought=Count("pk", filter=Q(buyers=0)),
        listed=Count("pk", filter=Q(lists__gt=0)),
        unreached=Count("pk", filter=Q(lists=0, beside=0)),
        impressions=Sum("shown", default=0),
        clicks=Sum("clicked", default=0),
    )
    return ColdCounts(**found)


def cold_parts() -> list[tuple[str, int, int]]:
    """Return by part of the model how many cold products it puts into how many lists, most lists first.

    One query over the cold products, 50,000 in about 0.1 s.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT part.key, count(*), sum(part.value::int)::bigint FROM recommendations_coldproduct AS cold"
            " CROSS JOIN LATERAL jsonb_each_text(cold.parts) AS part GROUP BY 1 ORDER BY 3 DESC, 1"
        )
        return list(cursor.fetchall())


def cold_products(which: str, *, limit: int, offset: int = 0) -> list[ColdProduct]:
    """Return cold products: those that nothing reaches (`unreached`), that lists show, or all. One query."""
    rows = ColdProduct.objects.select_related("product", "product__category")
    if which == "unreached":
        rows = rows.filter(lists=0, beside=0)
    elif which == "listed":
        rows = rows.filter(lists__gt=0)
    return list(rows.order_by("-lists", "-beside", "-product__created_at", "pk")[offset : offset + limit])
