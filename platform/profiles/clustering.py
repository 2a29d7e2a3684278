"""Personas: groups of customers who buy alike, found by the recommender library and stored here."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import structlog
from django.conf import settings
from django.db import connection
from django.db.models import Max

from core.copy import copy_from_frame, copy_to_frame
from profiles.building import running
from profiles.models import Clustering, CustomerProfile, Persona
from profiles.personas import default_name
from recommender.errors import ArtifactError
from recommender.profiling import ClusterResult
from recommender.profiling import Persona as Found

log = structlog.get_logger(__name__)

#: What personas are made from, by the library's names.
FEATURES = (
    "recency_days",
    "baskets_per_week",
    "basket_value",
    "basket_items",
    "distinct_items",
    "discount_share",
    "weekend_share",
)

# Text, since the library's ids are; the tenure of less than a week counts as one.
_FRAME = """
SELECT
    customer_id::text AS user_id,
    recency_days,
    orders / greatest(extract(epoch FROM as_of - first_order_at)::float8 / 604800, 1) AS baskets_per_week,
    basket_value,
    basket_items,
    products AS distinct_items,
    coalesce(discount_share, 0) AS discount_share,
    weekend_share
FROM profiles_customerprofile
WHERE orders > 0 AND as_of <= %s
ORDER BY customer_id
"""
# Who has no place any more (no order is left) loses their persona; who keeps both is not written.
_PLACE = """
UPDATE profiles_customerprofile p
SET persona_id = persona.id, map_x = place.map_x, map_y = place.map_y
FROM profiles_customerprofile own
LEFT JOIN persona_place place ON place.customer_id = own.customer_id
LEFT JOIN profiles_persona persona ON persona.number = place.number
WHERE own.customer_id = p.customer_id AND own.customer_id > %(after)s AND own.customer_id <= %(to)s
  AND (p.persona_id, p.map_x, p.map_y) IS DISTINCT FROM (persona.id, place.map_x, place.map_y)
"""


def features_frame(as_of: datetime) -> pl.DataFrame:
    """Return one row per customer with an order: `user_id` and the features."""
    schema = {"user_id": pl.String, **dict.fromkeys(FEATURES, pl.Float64)}
    return copy_to_frame(_FRAME, [as_of], schema)


def previous_result() -> ClusterResult | None:
    """Load the personas in use, so that the new ones keep their numbers. None where there are none.

    A damaged artefact is reported and passed over: the new personas then get new numbers.
    """
    active = Clustering.objects.filter(active=True).first()
    return load(active) if active else None


def load(clustering: Clustering) -> ClusterResult | None:
    """Read a fit back; None, with a warning in the log, where it is damaged."""
    try:
        return ClusterResult.load(settings.ARTIFACTS / clustering.artifact, clustering.checksum)
    except ArtifactError as error:
        log.warning("clustering_artifact_refused", clustering=str(clustering.pk), error=str(error))
        return None


def save_artifact(result: ClusterResult, clustering: Clustering) -> None:
    """Write the fit under `settings.ARTIFACTS` before its row is committed, with its checksum."""
    clustering.artifact = str(Path("clusterings") / str(clustering.pk))
    clustering.checksum = result.save(settings.ARTIFACTS / clustering.artifact)


def numbers(result: ClusterResult, *, known: bool) -> list[int]:
    """Return each group's lasting number. Without a known fit before, numbers go on above those taken."""
    taken = 0 if known else Persona.objects.aggregate(last=Max("number"))["last"] or 0
    return [taken + int(persona.id.removeprefix("p")) for persona in result.personas]


def who_moved(result: ClusterResult, numbers: list[int]) -> dict[str, Any]:
    """Return how customers go from persona to persona with this fit, before they are placed.

    `{"before", "stayed", "moved", "new", "gone", "moves": [{"from", "to", "customers"}]}`, by number; most
    first.
    """
    old = dict(
        CustomerProfile.objects.filter(persona__isnull=False).values_list("customer_id", "persona__number")
    )
    new = {int(user): numbers[label] for user, label in zip(result.users, result.labels, strict=True)}
    moves = Counter((old[user], new[user]) for user in old.keys() & new.keys())
    changed = [(pair, count) for pair, count in moves.most_common() if pair[0] != pair[1]]
    stayed = sum(count for pair, count in moves.items() if pair[0] == pair[1])
    return {
        "before": len(old),
        "stayed": stayed,
        "moved": sum(count for _, count in changed),
        "new": len(new.keys() - old.keys()),
        "gone": len(old.keys() - new.keys()),
        "moves": [{"from": left, "to": right, "customers": count} for (left, right), count in changed],
    }


def centres(result: ClusterResult, frame: pl.DataFrame) -> list[dict[str, float]]:
    """Return each group's mean of every feature, in the feature's own unit."""
    labels = pl.DataFrame({"user_id": list(result.users), "label": result.labels})
    means = frame.join(labels, on="user_id").group_by("label").agg(pl.col(*FEATURES).mean()).sort("label")
    return [{name: round(row[name], 6) for name in FEATURES} for row in means.iter_rows(named=True)]


def make_room(result: ClusterResult, clustering: Clustering) -> None:
    """Store personas whose number is new, with nobody in them yet, so that customers can be given them."""
    for found, number in zip(result.personas, clustering.parameters["numbers"], strict=True):
        if not Persona.objects.filter(number=number).exists():
            _store(found, number, {}, clustering, size=0)


def store_personas(result: ClusterResult, clustering: Clustering) -> None:
    """Write the groups as personas. Names that a person gave survive; groups that are gone are empty."""
    numbers = clustering.parameters["numbers"]
    own = zip(result.personas, numbers, clustering.parameters["centres"], strict=True)
    for found, number, centre in own:
        _store(found, number, centre, clustering, size=found.size)
    Persona.objects.exclude(number__in=numbers).update(size=0)


def places(result: ClusterResult, numbers: list[int]) -> pl.DataFrame:
    """Return everybody's persona and place on the map, sorted by customer."""
    return pl.DataFrame(
        {
            "customer_id": [int(user) for user in result.users],
            "number": [numbers[label] for label in result.labels],
            "map_x": result.map_xy[:, 0],
            "map_y": result.map_xy[:, 1],
        }
    ).sort("customer_id")


def place_customers(places: pl.DataFrame, after: int, to: int) -> int:
    """Give the profiles of a stretch of customers their persona and place; return how many changed.

    Run it in a transaction. 20,000 customers take about 2 s.
    """
    own = places.filter((pl.col("customer_id") > after) & (pl.col("customer_id") <= to))
    with connection.cursor() as cursor:
        # Whoever builds profiles writes the same rows.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [running.LOCK])
        cursor.execute(
            "CREATE TEMPORARY TABLE persona_place (customer_id bigint PRIMARY KEY, number smallint,"
            " map_x float8, map_y float8)"
        )
        copy_from_frame(own, "persona_place")
        cursor.execute("ANALYZE persona_place")
        cursor.execute(_PLACE, {"after": after, "to": to})
        written = int(cursor.rowcount)
        cursor.execute("DROP TABLE persona_place")
    return written


def _store(
    found: Found, number: int, centre: Mapping[str, float], clustering: Clustering, *, size: int
) -> None:
    traits = [{"feature": t.feature, "level": t.level, "deviation": t.deviation} for t in found.traits]
    values: dict[str, Any] = {
        "traits": traits,
        "centre": centre,
        "size": size,
        "clustering": clustering,
    }
    name = default_name(traits, found.name)[:150]
    persona, created = Persona.objects.update_or_create(
        number=number, defaults=values, create_defaults=values | {"name": name}
    )
    if not created and not persona.name_edited:
        Persona.objects.filter(pk=persona.pk, name_edited=False).update(name=name)
