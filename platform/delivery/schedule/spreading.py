"""Spreading a launch over some hours: each minute its share, so that the shop keeps up with the answers."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

Query = tuple[str, Sequence[Any]]

#: Moments are whole steps, so that workers find batches and not one message at a time.
STEP = timedelta(minutes=1)

# The order is drawn by lot, differently for each launch: nobody is always the last, and a test's arms are
# spread alike.
_SPREAD = """
SELECT s.customer_id, s.held_out, s.context,
       s.due_at + make_interval(secs => floor(%s * (s.place - 1) / s.places) * %s) AS due_at
  FROM (SELECT a.*,
               row_number() OVER (PARTITION BY a.due_at, a.held_out
                                  ORDER BY hashint8extended(a.customer_id, hashtextextended(%s, 0))) AS place,
               count(*) OVER (PARTITION BY a.due_at, a.held_out) AS places
          FROM ({audience}) a) s
"""


def spread(audience: Query, over: timedelta, *, seed: str) -> Query:
    """Return an audience whose messages are due evenly over a time, instead of all at once.

    Those with the same due moment (one zone, with zones) share the time among them; who is too late stays
    so. Sorts the audience once, about 0.4 s for 200,000.
    """
    sql, params = audience
    steps = max(1, over // STEP)
    return _SPREAD.format(audience=sql), [float(steps), STEP.total_seconds(), seed, *params]
