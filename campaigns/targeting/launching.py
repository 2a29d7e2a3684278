"""A launch as far as offers go, apart from the computation: who sends need not load the models."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.experiments.models import Experiment
from campaigns.targeting.models import OfferPlan

Query = tuple[str, Sequence[Any]]

# The names are knowledge.FEATURES, as a plan keeps them.
_KNOWN = """
INSERT INTO targeting_knownthen (experiment_id, customer_id, facts)
SELECT a.experiment_id, a.customer_id, jsonb_build_object(
           'buys', round(buys.score::numeric, 4), 'redeems', round(redeems.score::numeric, 4),
           'basket', p.basket_value, 'orders', p.orders, 'orders_90d', p.orders_90d,
           'recency_days', p.recency_days, 'gap_days', round(p.gap_days::numeric, 4),
           'discount_share', round(p.discount_share::numeric, 4))
  FROM ({people}) AS people
  JOIN experiments_assignment a
    ON a.customer_id = people.customer_id AND a.experiment_id = %s AND a.at = %s
  JOIN customers_customer c ON c.id = a.customer_id AND NOT c.no_profiling
  LEFT JOIN profiles_customerprofile p ON p.customer_id = c.id
  LEFT JOIN profiles_customerscore buys ON buys.customer_id = c.id AND buys.kind = 'purchase'
  LEFT JOIN profiles_customerscore redeems ON redeems.customer_id = c.id AND redeems.kind = 'redemption'
 ORDER BY a.id
    ON CONFLICT DO NOTHING
"""


def begin(plan: OfferPlan, at: datetime) -> None:
    """Freeze a plan: its people are written to from this moment of the shop on, its window begins."""
    OfferPlan.objects.filter(pk=plan.pk, launched_at=None).update(launched_at=at)


def keep_known(experiment: Experiment, people: Query, *, now: datetime) -> int:
    """Keep what is known of those whom a test has just placed (at `now`), if it leaves some alone.

    Effects are learned from it once the windows are over (targeting.evidence). A repeat keeps what there is.
    Return how many; one statement, about 25 ms per 1,000.
    """
    if not experiment.holdout_share:
        return 0
    sql, params = people
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN.format(people=sql), [*params, experiment.pk, now])
        return int(cursor.rowcount)
