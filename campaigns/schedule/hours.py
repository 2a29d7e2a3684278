"""Each arm at its own hour: the lever `send_hour`, by each recipient's own clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.experiments.models import Experiment
from campaigns.schedule.slots import GRACE
from delivery.schedule.moments import at_local
from delivery.schedule.zones import zone_of

Query = tuple[str, Sequence[Any]]

_PLACES = """
SELECT DISTINCT c.time_zone, c.country
  FROM ({audience}) a JOIN customers_customer c ON c.id = a.customer_id
"""
_AT_THEIR_HOUR = """
SELECT a.customer_id, a.held_out, a.context, coalesce(h.due_at, a.due_at) AS due_at
  FROM ({audience}) a JOIN customers_customer c ON c.id = a.customer_id
  LEFT JOIN unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[])
         AS h (time_zone, country, variant, due_at)
         ON h.time_zone = c.time_zone AND h.country = c.country AND h.variant = a.context->>'variant'
"""


def hours_of(experiment: Experiment | None) -> dict[str, int]:
    """Return the hour of each arm that has one of its own. One query."""
    if experiment is None:
        return {}
    levers = experiment.variants.values_list("key", "levers")
    return {key: int(changed["send_hour"]) for key, changed in levers if "send_hour" in changed}


def at_their_hour(audience: Query, hours: Mapping[str, int], *, now: datetime) -> Query:
    """Return an audience in which the people of these variants are due at the next such hour where they live.

    The others, and those held out, stay due when they were. Two statements for an audience of any size.
    """
    sql, params = audience
    with connection.cursor() as cursor:
        cursor.execute(_PLACES.format(audience=sql), list(params))
        places = cursor.fetchall()
    rows = [
        (time_zone, country, variant, next_at(hour, zone_of(time_zone, country), now))
        for time_zone, country in places
        for variant, hour in hours.items()
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    return _AT_THEIR_HOUR.format(audience=sql), [*params, *columns]


def next_at(hour: int, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the next moment at which clocks in a zone show an hour; one just past still counts."""
    today = now.astimezone(zone).date()
    moment = at_local(today, time(hour), zone)
    return moment if moment >= now - GRACE else at_local(today + timedelta(days=1), time(hour), zone)
