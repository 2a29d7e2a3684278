"""Token buckets in PostgreSQL. Each grant is one statement, so rivals never get a token twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import connection

from delivery.outbox.pace.limits import Limit

# Locked in one order, whoever asks. What is granted is whole tokens that are there; what is not gets
# moments of its own behind those promised before, so that a crowd comes back one after the other.
_TAKE = """
WITH held AS (
    SELECT b.name, l.rate, l.wanted, b.promised_until,
           least(l.burst,
                 b.tokens + l.rate * greatest(0, extract(epoch FROM %(now)s - b.refilled_at))) AS there
      FROM delivery_bucket b
      JOIN unnest(%(names)s::text[], %(rates)s::float8[], %(bursts)s::float8[], %(wanted)s::int[])
           AS l (name, rate, burst, wanted) ON l.name = b.name
     ORDER BY b.name
       FOR UPDATE OF b
), grants AS (
    SELECT *, least(wanted, greatest(0, floor(there)))::int AS granted FROM held
)
UPDATE delivery_bucket b
   SET tokens = g.there - g.granted,
       refilled_at = greatest(b.refilled_at, %(now)s),
       promised_until = CASE WHEN %(promise)s AND g.wanted > g.granted
                             THEN greatest(g.promised_until, %(now)s)
                                  + make_interval(secs => (g.wanted - g.granted) / g.rate)
                             ELSE g.promised_until END
  FROM grants g
 WHERE b.name = g.name
RETURNING b.name, g.granted, greatest(g.promised_until, %(now)s)
"""

_OPEN = """
INSERT INTO delivery_bucket (name, tokens, refilled_at, promised_until)
SELECT name, burst, %(now)s, %(now)s
  FROM unnest(%(names)s::text[], %(bursts)s::float8[]) AS l (name, burst)
 ORDER BY name
    ON CONFLICT DO NOTHING
"""

_GIVE_BACK = """
UPDATE delivery_bucket SET tokens = least(%s, tokens + %s) WHERE name = %s
"""

_LOOK = """
SELECT tokens, refilled_at FROM delivery_bucket WHERE name = %s
"""

_DROP_FULL = """
DELETE FROM delivery_bucket WHERE refilled_at < %s AND promised_until < %s
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """How many of those wanted may go now; the k-th of the others (1, 2, …) waits until `slot(k)`."""

    granted: int
    rate: float
    promised: datetime

    def slot(self, k: int) -> datetime:
        """Return the moment promised to the k-th that was not granted."""
        return self.promised + timedelta(seconds=k / self.rate)


def take(wanted: Mapping[Limit, int], *, now: datetime, promise: bool = False) -> dict[str, Grant]:
    """Take tokens of several buckets and return what each gives, by name. One statement, about 0.4 ms.

    With `promise`, those that get none are given moments at which to come back.
    """
    if not wanted:
        return {}
    limits = sorted(wanted, key=lambda limit: limit.name)
    params: dict[str, Any] = {
        "now": now,
        "promise": promise,
        "names": [limit.name for limit in limits],
        "rates": [limit.rate for limit in limits],
        "bursts": [limit.burst for limit in limits],
        "wanted": [wanted[limit] for limit in limits],
    }
    rates = {limit.name: limit.rate for limit in limits}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, params)
        if cursor.rowcount < len(limits):
            # Some are new. What the others gave just now is given back by asking for all of them anew.
            for name, granted, _ in cursor.fetchall():
                give_back(next(limit for limit in limits if limit.name == name), granted)
            cursor.execute(_OPEN, params)
            cursor.execute(_TAKE, params)
        return {name: Grant(granted, rates[name], promised) for name, granted, promised in cursor.fetchall()}


def give_back(limit: Limit, count: int) -> None:
    """Return tokens that were not needed."""
    if count > 0:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, [limit.burst, count, limit.name])


def there(limit: Limit, *, now: datetime) -> int:
    """Return how many tokens a bucket holds, without taking any."""
    return int(max(0.0, _tokens(limit, now)))


def refilled_at(limit: Limit, count: int, *, now: datetime) -> datetime:
    """Return when a bucket will hold so many tokens, as far as can be told now."""
    missing = min(count, limit.burst) - _tokens(limit, now)
    # Rounded up to the millisecond: a moment too early would find the token not quite there.
    return now + timedelta(milliseconds=ceil(max(0.0, missing / limit.rate) * 1000))


def drop_idle(*, now: datetime, idle: timedelta = timedelta(days=2)) -> int:
    """Forget buckets that nobody asked for lately; they are full again. Return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(_DROP_FULL, [now - idle, now])
        return int(cursor.rowcount)


def _tokens(limit: Limit, now: datetime) -> float:
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [limit.name])
        row = cursor.fetchone()
    if row is None:
        return limit.burst
    tokens, at = row
    return float(min(limit.burst, tokens + limit.rate * max(0.0, (now - at).total_seconds())))
