"""The hour learned for each: who gets it, who gets the usual time, and who any hour of the day.

The draw is a hash of the launch and the customer, so a launch that is repeated draws the same. What was drawn
stands in the message's context as `hour`: its `arm` (learned, usual, random), the hour `at`, and its chance
`p`, which is what may be learned from it later. Who refused to be profiled gets the usual time and is in no
draw.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.experiments.services.assigning import BUCKET_SQL
from campaigns.experiments.statistics.assignment import BUCKETS
from campaigns.learning.send_hours import DAY, RANDOM, USUAL
from campaigns.schedule.hours import next_at
from campaigns.schedule.slots import GRACE, Slot
from delivery.schedule.moments import at_local
from delivery.schedule.zones import zone_of
from recommendations.models import Posterior

Query = tuple[str, Sequence[Any]]

#: What is known of all and of the personas, and whether it is used: rows of recommendations.Posterior.
SUBJECT, USE = "send_hours", "use"
#: The hour of all while nothing is known.
PLAIN = 10

_PLACES = """
SELECT DISTINCT c.time_zone, c.country
  FROM ({audience}) a JOIN customers_customer c ON c.id = a.customer_id
"""
# `usual` is one row a place; `due` one a place and hour. NULL dues (too late there) stay as they are.
# OFFSET 0 keeps the planner from pulling the subquery up, and so from hashing wherever a bucket is named.
_DRAWN = """
SELECT d.customer_id, d.held_out,
       CASE WHEN d.arm IS NULL THEN d.context
            ELSE d.context || jsonb_build_object('hour', jsonb_build_object(
                'arm', d.arm, 'at', d.hour, 'p',
                CASE WHEN d.hour = d.learned AND {use} THEN %s::float8 ELSE 0 END
                + CASE WHEN d.hour = d.usual THEN %s::float8 ELSE 0 END
                + coalesce((%s::float8[])[d.hour - %s], 0))) END AS context,
       CASE WHEN d.arm IN ('learned', 'random') THEN coalesce(h.due_at, d.due_at) ELSE d.due_at END AS due_at
  FROM (
    SELECT b.*,
           CASE b.arm WHEN 'random' THEN %s + b.other * %s / %s
                      WHEN 'learned' THEN b.learned ELSE b.usual END AS hour
      FROM (
        SELECT x.*,
               CASE WHEN x.apart THEN NULL WHEN x.lot < %s THEN 'random' WHEN x.lot < %s THEN 'usual'
                    ELSE {learned} END AS arm
          FROM (
            SELECT a.*, customer.time_zone, customer.country, u.hour AS usual,
                   customer.no_profiling OR a.held_out OR a.due_at IS NULL AS apart,
                   coalesce(p.hour, %s) AS learned, {bucket} AS other, {bucket} AS lot
              FROM ({audience}) a
              JOIN customers_customer AS customer ON customer.id = a.customer_id
              LEFT JOIN unnest(%s::text[], %s::text[], %s::int[]) AS u (time_zone, country, hour)
                ON u.time_zone = customer.time_zone AND u.country = customer.country
              LEFT JOIN campaigns_personhour AS p ON p.customer_id = a.customer_id
            OFFSET 0
          ) AS x
      ) AS b
  ) AS d
  LEFT JOIN unnest(%s::text[], %s::text[], %s::int[], %s::timestamptz[])
         AS h (time_zone, country, hour, due_at)
         ON h.time_zone = d.time_zone AND h.country = d.country AND h.hour = d.hour
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether learned hours are used (a tuning decision may have ended that), and the best hour of all."""

    use: bool = True
    hour: int = PLAIN


def standing() -> Standing:
    """Return what holds now. One query."""
    rows = dict(Posterior.objects.filter(subject=SUBJECT, key__in=["", USE]).values_list("key", "parameters"))
    return Standing(rows.get(USE, {}).get("use", True), rows.get("", {}).get("best", {}).get("", PLAIN))


def at_learned_hours(
    audience: Query,
    *,
    salt: str,
    usual: Callable[[ZoneInfo], datetime | None],
    slot: Slot | None,
    now: datetime,
) -> Query:
    """Return an audience in which each is due at an hour of their own clock, as it was drawn.

    `usual` says when the usual time comes in a zone. With a slot the hour is that of the slot's day, without
    one the next such hour from now on. Three statements for an audience of any size, about 15 ms per 1,000
    people.
    """
    sql, params = audience
    with connection.cursor() as cursor:
        cursor.execute(_PLACES.format(audience=sql), list(params))
        places = cursor.fetchall()
    zones = [zone_of(*place) for place in places]
    usual_hours = [_hour_of(usual(zone), zone, now) for zone in zones]
    rows = [
        (*place, hour, hour_on(hour, zone, slot=slot, now=now))
        for place, zone in zip(places, zones, strict=True)
        for hour in DAY
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    now_holds = standing()
    use = now_holds.use
    learned, tried = 1 - RANDOM - USUAL, round(RANDOM * BUCKETS)
    drawn = _DRAWN.format(
        audience=sql,
        bucket=BUCKET_SQL,
        use="true" if use else "false",
        learned="'learned'" if use else "'usual'",
    )
    return drawn, [
        learned,
        USUAL if use else USUAL + learned,
        [RANDOM * share for share in _shares()],
        DAY[0] - 1,
        DAY[0], len(DAY), BUCKETS,
        tried, tried + round(USUAL * BUCKETS),
        now_holds.hour,
        f"{salt}:hour",
        salt,
        *params,
        [time_zone for time_zone, _country in places],
        [country for _time_zone, country in places],
        usual_hours,
        *columns,
    ]  # fmt: skip


def hour_on(hour: int, zone: ZoneInfo, *, slot: Slot | None, now: datetime) -> datetime:
    """Return when clocks in a zone show an hour: on the slot's day, else the next time; never in the past."""
    if slot is not None:
        moment = at_local(slot.day, time(hour), zone)
        if moment >= now - GRACE:
            return moment
    return next_at(hour, zone, now)


def _shares() -> list[float]:
    """Return the exact share of the buckets that each hour of the day gets when any is drawn."""
    edges = [-(-place * BUCKETS // len(DAY)) for place in range(len(DAY) + 1)]
    return [(high - low) / BUCKETS for low, high in pairwise(edges)]


def _hour_of(due: datetime | None, zone: ZoneInfo, now: datetime) -> int:
    """Return the hour that clocks show at the usual time; a little after full counts as that hour."""
    return (due or now).astimezone(zone).hour
