"""What all campaigns together bring: everybody against the global control group."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from campaigns.experiments.models import GlobalHoldout
from campaigns.experiments.statistics.means import compare_means
from campaigns.experiments.statistics.moments import Moments
from campaigns.experiments.statistics.results import Interval, NotComputableError
from core import clock

# Who was a customer when the period began, and is in the group to this day or was never in it.
_SPENT = """
WITH person AS (
    SELECT c.id, m.id IS NOT NULL AS held
      FROM customers_customer c
      LEFT JOIN experiments_holdoutmember m ON m.customer_id = c.id AND m.holdout_id = %(holdout)s
), spent AS (
    SELECT e.customer_id,
           greatest(0, coalesce(sum(e.amount) FILTER (WHERE e.type = 'purchase'), 0)
                     - coalesce(sum(abs(e.amount)) FILTER (WHERE e.type = 'refund'), 0))::float8 AS amount
      FROM events_event e
     WHERE e.type IN ('purchase', 'refund') AND e.customer_id IS NOT NULL
       AND e.occurred_at >= %(since)s AND e.occurred_at < %(until)s
     GROUP BY e.customer_id
)
SELECT person.held, count(*), coalesce(sum(spent.amount), 0), coalesce(sum(spent.amount ^ 2), 0)
  FROM person LEFT JOIN spent ON spent.customer_id = person.id GROUP BY person.held
"""
_BY_DAY = """
SELECT (e.occurred_at AT TIME ZONE %(zone)s)::date AS day, m.id IS NOT NULL AS held,
       sum(CASE WHEN e.type = 'purchase' THEN e.amount ELSE -abs(e.amount) END)::float8
  FROM events_event e
  LEFT JOIN experiments_holdoutmember m ON m.customer_id = e.customer_id AND m.holdout_id = %(holdout)s
 WHERE e.type IN ('purchase', 'refund') AND e.customer_id IS NOT NULL AND e.amount IS NOT NULL
   AND e.occurred_at >= %(since)s AND e.occurred_at < %(until)s
 GROUP BY 1, 2 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class GroupEffect:
    """What everybody who may be written to spent beyond the control group, in all.

    `value` is None while the groups cannot be compared. `days` are the running total day by day.
    """

    held: int
    others: int
    value: float | None
    interval: Interval | None
    days: list[tuple[date, float]]


def effect_of(holdout: GlobalHoldout, *, now: datetime) -> GroupEffect:
    """Compare revenue a person since the period began (Welch), times the people who may be written to.

    Two queries over the purchases of the period: about 1 s for 1.4 million.
    """
    params: dict[str, Any] = {
        "holdout": str(holdout.pk),
        "since": holdout.started_at,
        "until": holdout.ended_at or now,
        "zone": str(clock.shop_zone()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SPENT, params)
        groups = {held: (n, total, squares) for held, n, total, squares in cursor.fetchall()}
        cursor.execute(_BY_DAY, params)
        rows = cursor.fetchall()
    held, others = groups.get(True, (0, 0.0, 0.0)), groups.get(False, (0, 0.0, 0.0))
    days = _running(rows, held[0], others[0])
    try:
        found = compare_means(Moments.from_sums(*held), Moments.from_sums(*others)).difference
    except NotComputableError:
        return GroupEffect(held[0], others[0], None, None, days)
    n = others[0]
    interval = Interval(found.interval.low * n, found.interval.high * n)
    return GroupEffect(held[0], n, found.value * n, interval, days)


def _running(rows: list[tuple[date, bool, float]], held: int, others: int) -> list[tuple[date, float]]:
    """Return the incremental revenue so far at the end of each day."""
    if not held or not others:
        return []
    spent, days = {True: 0.0, False: 0.0}, {}
    for day, group, amount in rows:
        spent[group] += amount
        days[day] = (spent[False] / others - spent[True] / held) * others
    return list(days.items())
