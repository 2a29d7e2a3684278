"""What past campaigns of the same goal brought, as a range for the people at hand."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from campaigns.experiments.statistics.proportions import wilson_interval

#: Below that, the past says too little.
LEAST_SENT = 100
LEAST_ORDERS = 5

_PAST = """
SELECT c.goal, sum(sent.n)::bigint, sum(credited.n)::bigint, count(*)
  FROM campaigns_campaign c
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(d.sent), 0) AS n FROM delivery_run r JOIN outcomes_runday d ON d.run_id = r.id
        WHERE r.source = 'campaign' AND r.reference = c.id::text) sent
 CROSS JOIN LATERAL (
       SELECT count(*) AS n FROM outcomes_attribution a
        WHERE a.model = 'last' AND a.source = 'campaign' AND a.reference = c.id::text) credited
 WHERE c.state = 'finished' AND c.launched_at >= %s - interval '365 days' AND sent.n > 0
 GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Past:
    """Campaigns of a goal: messages sent, orders put down to them, and how many campaigns."""

    sent: int
    orders: int
    campaigns: int

    def expected(self, people: int) -> tuple[int, int] | None:
        """Return from how many to how many orders so many people would place; None where it is not known."""
        if self.sent < LEAST_SENT or self.orders < LEAST_ORDERS or self.orders > self.sent:
            return None
        share = wilson_interval(self.orders, self.sent)
        return round(share.low * people), round(share.high * people)


def past(now: datetime) -> dict[str, Past]:
    """Return by goal what the campaigns of the last year brought. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_PAST, [now])
        return {goal: Past(*rest) for goal, *rest in cursor.fetchall()}
