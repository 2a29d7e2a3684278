"""Put customers into the arms of an experiment: global control group, layer, wave, bucket, variant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.experiments.models import Experiment, Variant, Wave
from campaigns.experiments.statistics.assignment import BUCKETS, Arm, BucketRange, edges

Query = tuple[str, Sequence[Any]]

# The bucket of campaigns.experiments.statistics.assignment.bucket, computed where the customers are:
# the first eight bytes of sha256("salt:unit") as an unsigned big-endian number, modulo 10,000.
# PostgreSQL reads the bits as signed; a negative number lacks 2^64, which is 1,616 modulo 10,000.
# OFFSET 0 keeps it from putting the hash wherever its number is used, and hashing for each.
BUCKET_SQL = """(
    SELECT ((signed %% 10000) + CASE WHEN signed < 0 THEN 11616 ELSE 0 END) %% 10000
    FROM (
        SELECT substring(sha256(convert_to(%s || ':' || customer.external_id, 'UTF8')) FROM 1 FOR 8)::bigint
            AS signed
        OFFSET 0
    ) AS hashed
)"""

# Here OFFSET 0 keeps a bucket from being asked for anew by every arm it is compared with.
_ASSIGN = """
WITH audience AS ({audience}),
placed AS (
    SELECT customer.id AS customer_id, {held} AS held, {bucket} AS bucket, {explore} AS explore
      FROM customers_customer AS customer
      JOIN audience ON audience.customer_id = customer.id
     WHERE NOT EXISTS (SELECT FROM experiments_holdoutmember AS member
                        WHERE member.customer_id = customer.id AND member.left_at IS NULL)
           {within}
    OFFSET 0
)
INSERT INTO experiments_assignment
       (experiment_id, customer_id, variant_id, wave_id, bucket, propensity, explored, multiple,
        policy_version, at)
SELECT %s, placed.customer_id,
       CASE WHEN placed.held < %s THEN NULL ELSE arm.variant_id END,
       %s, placed.bucket,
       CASE WHEN placed.held < %s THEN %s ELSE arm.propensity END,
       arm.explored, 0, %s, %s
  FROM placed
  JOIN (VALUES {rows}) AS arm (variant_id, explored, low, top, propensity)
    ON arm.explored = (placed.explore < %s) AND placed.bucket >= arm.low AND placed.bucket < arm.top
 ORDER BY placed.customer_id
    ON CONFLICT (experiment_id, customer_id) DO NOTHING
"""


def assign(experiment: Experiment, *, query: Query, now: datetime, wave: Wave | None = None) -> int:
    """Assign every customer of the query (a SELECT of `customer_id`) who has no arm yet.

    One INSERT … SELECT, about 0.4 s per 100,000. Order: the global control group is in no test; in a layer
    only its buckets; of a wave only its part of the audience; then the bucket, and the variant by cumulative
    weights. Those assigned before keep their arm whatever the weights are now. The hold-out has a salt of its
    own, so its members are spread over the arms' buckets, and so have layer, wave and floor. `propensity` is
    the chance of what happens to the person: held out, or this arm. Returns how many were assigned now.
    """
    held = BucketRange.share(f"{experiment.salt}:holdout", float(experiment.holdout_share))
    rows, explored = _arms(experiment, wave, (BUCKETS - held.high) / BUCKETS)
    ranges = _ranges(experiment, wave)
    sql, params = query
    statement = _ASSIGN.format(
        audience=sql,
        held=BUCKET_SQL,
        bucket=BUCKET_SQL,
        explore=BUCKET_SQL if explored < BUCKETS else "0",
        within="".join(f" AND {BUCKET_SQL} BETWEEN %s AND %s" for _ in ranges),
        rows=", ".join(["(%s::bigint, %s::boolean, %s::int, %s::int, %s::float8)"] * len(rows)),
    )
    bound = [
        *params,
        held.salt,
        experiment.salt,
        *([f"{experiment.salt}:explore"] if explored < BUCKETS else []),
        *(value for r in ranges for value in (r.salt, r.low, r.high - 1)),
        experiment.pk,
        held.high,
        wave.pk if wave else None,
        held.high,
        held.high / BUCKETS,
        policy_of(experiment, wave),
        now,
        *(value for row in rows for value in row),
        explored,
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, bound)
        return int(cursor.rowcount)


def policy_of(experiment: Experiment, wave: Wave | None) -> str:
    """Return the name under which arms are given out: which wave, and the planned shares of the explored.

    Shares that are changed on the way make another policy, so that each is judged by its own.
    """
    name = f"wave-{wave.number}" if wave else "fixed"
    if wave is not None and wave.weights is not None:
        return name
    weights = experiment.variants.order_by("id").values_list("weight", flat=True)
    return f"{name} {'/'.join(map(str, weights))}"


def chances(experiment: Experiment, policy: str, wave_id: int | None) -> list[tuple[Variant, float]]:
    """Return each arm's exact chance under the policy that gave arms out, as it was then.

    At most two queries. Who is held out has what is left to 1.
    """
    variants = list(experiment.variants.order_by("id"))
    held = BucketRange.share(f"{experiment.salt}:holdout", float(experiment.holdout_share))
    treated = (BUCKETS - held.high) / BUCKETS
    _name, _space, written = policy.partition(" ")
    if written:
        weights = dict(zip((v.key for v in variants), map(float, written.split("/")), strict=False))
        return [(v, treated * (top - low) / BUCKETS) for v, low, top in _slices(variants, weights)]
    wave = experiment.waves.get(pk=wave_id) if wave_id else None
    rows, _explored = _arms(experiment, wave, treated)
    by_variant = {row[0]: row[4] for row in rows}
    return [(variant, by_variant[variant.pk]) for variant in variants]


def in_range(query: Query, spread: BucketRange) -> Query:
    """Return those of a query (a SELECT of `customer_id`) whose bucket under a salt lies in a range."""
    sql, params = query
    narrowed = (
        f"SELECT customer.id AS customer_id FROM ({sql}) AS audience"  # noqa: S608  our own constants
        " JOIN customers_customer AS customer ON customer.id = audience.customer_id"
        f" WHERE {BUCKET_SQL} BETWEEN %s AND %s"
    )
    return narrowed, [*params, spread.salt, spread.low, spread.high - 1]


def _ranges(experiment: Experiment, wave: Wave | None) -> list[BucketRange]:
    """Return the layer's and the wave's buckets, where they are not all."""
    ranges = []
    if experiment.layer is not None:
        ranges.append(BucketRange(experiment.layer.salt, experiment.layer_low, experiment.layer_high))
    if wave is not None:
        ranges.append(BucketRange(f"{experiment.salt}:wave", wave.low, wave.high))
    return [r for r in ranges if r.high - r.low < BUCKETS]


def _arms(
    experiment: Experiment, wave: Wave | None, treated: float
) -> tuple[list[tuple[int, bool, int, int, float]], int]:
    """Return (variant, explored, bucket from, to, propensity) of each arm, and the explored buckets.

    A wave with a floor draws that part of its people at equal weights, the others by what is left of each
    arm's share; the propensity counts both.
    """
    variants = list(experiment.variants.order_by("id"))
    planned = _slices(variants, {v.key: float(v.weight) for v in variants})
    if wave is None or wave.weights is None:
        return [(v.pk, True, low, top, treated * (top - low) / BUCKETS) for v, low, top in planned], BUCKETS
    if not wave.floor:
        chosen = _slices(variants, wave.weights)
        # Only one arm is left: nothing is compared in this wave.
        return [(v.pk, False, low, top, treated * (top - low) / BUCKETS) for v, low, top in chosen], 0
    explored = round(wave.floor * len(variants) * BUCKETS)
    even = _slices(variants, {v.key: 1.0 for v in variants})
    rest = _slices(variants, {v.key: max(wave.weights.get(v.key, 0) - wave.floor, 0.0) for v in variants})
    part = explored / BUCKETS
    chance = {
        v.pk: treated * (part * (top - low) + (1 - part) * (rest_top - rest_low)) / BUCKETS
        for (v, low, top), (_v, rest_low, rest_top) in zip(even, rest, strict=True)
    }
    return [
        (v.pk, drawn, low, top, chance[v.pk])
        for drawn, slices in ((True, even), (False, rest))
        for v, low, top in slices
    ], explored


def _slices(variants: Sequence[Variant], weights: dict[str, float]) -> list[tuple[Variant, int, int]]:
    tops = edges([Arm(v.key, float(weights.get(v.key, 0))) for v in variants])
    return list(zip(variants, [0, *tops[:-1]], tops, strict=True))
