"""What a shop's people do anyway: the rate that a test is planned from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection

#: The newest campaigns, and their people, that are looked at.
_RUNS, _PEOPLE = 10, 50_000


class Origin(StrEnum):
    """Say where a base rate comes from."""

    CAMPAIGNS = "campaigns"
    SHOP = "shop"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class BaseRate:
    """Hold what people do without the change: a rate, or a mean with its standard deviation.

    `people` are those it was measured on, 0 where it is assumed.
    """

    value: float
    sd: float | None
    people: int
    origin: Origin


#: Where nothing could be measured: shares of people, as e-mail of shops commonly sees them.
ASSUMED = {
    "conversion": 0.03,
    "clicked": 0.03,
    "opened": 0.25,
    "redeemed": 0.02,
    "unsubscribed": 0.002,
    "complained": 0.0003,
    "bounced": 0.01,
}
#: Of means: the mean and the standard deviation of a person, in the shop's currency or in orders.
ASSUMED_MEANS = {
    "revenue": (1.5, 15.0),
    "orders": (0.03, 0.2),
    "margin": (0.4, 4.0),
    "order_value": (50.0, 40.0),
}

_DID = {
    "clicked": ("message_clicked",),
    "opened": ("message_opened",),
    "unsubscribed": ("unsubscribe",),
    "complained": ("message_complained",),
    "bounced": ("message_bounced",),
}
_OF_MESSAGES = """
WITH sent AS (
    SELECT m.id, m.customer_id, m.sent_at, r.id AS run_id FROM (
        SELECT id FROM delivery_run WHERE source = 'campaign' AND created_at <= %(closed)s
         ORDER BY created_at DESC LIMIT %(runs)s) r
      JOIN delivery_message m ON m.run_id = r.id AND m.state = 'sent' AND m.sent_at <= %(closed)s
     LIMIT %(people)s
), did AS (
    SELECT DISTINCT e.properties->>'message' AS message FROM events_event e
     WHERE e.properties->>'run' = ANY(SELECT DISTINCT run_id::text FROM sent) AND e.type = ANY(%(types)s)
       AND NOT coalesce((e.properties->>'machine')::boolean, false)
)
SELECT count(*), count(did.message)::float, NULL::float
  FROM sent LEFT JOIN did ON did.message = sent.id::text
"""
_ANSWER = """
SELECT count(*), {value}, {sd}
  FROM person
  LEFT JOIN LATERAL (
    SELECT count(DISTINCT coalesce(e.order_id, e.id::text)) AS orders, sum(e.amount)::float AS revenue
      FROM events_event e
     WHERE e.customer_id = person.customer_id AND e.type = 'purchase'
       AND e.occurred_at >= person.since AND e.occurred_at < person.since + %(window)s
) AS bought ON true
"""
_OF_CAMPAIGNS = """
WITH person AS (
    SELECT m.customer_id, min(m.sent_at) AS since FROM (
        SELECT id FROM delivery_run WHERE source = 'campaign' AND created_at <= %(closed)s
         ORDER BY created_at DESC LIMIT %(runs)s) r
      JOIN delivery_message m ON m.run_id = r.id AND m.state = 'sent' AND m.sent_at <= %(closed)s
     GROUP BY m.customer_id LIMIT %(people)s
)
"""
_OF_SHOP = """
WITH person AS (
    SELECT id AS customer_id, %(closed)s::timestamptz AS since FROM customers_customer LIMIT %(people)s
)
"""
# What is summed over people, and how it spreads.
_VALUES = {
    "conversion": ("count(*) FILTER (WHERE bought.orders > 0)::float", "NULL::float"),
    "orders": ("sum(bought.orders)::float", "stddev_samp(bought.orders)::float"),
    "revenue": (
        "sum(coalesce(bought.revenue, 0))::float",
        "stddev_samp(coalesce(bought.revenue, 0))::float",
    ),
}
#: Fewer people than this measure nothing.
_ENOUGH = 200


def base_rate(metric: str, *, window_days: int, as_of: datetime) -> BaseRate:
    """Return what people did within such a window: after the newest campaigns, else anyway, else assumed.

    One or two queries, at most 50,000 people: about 0.4 s. Only windows that have closed count.
    """
    window = timedelta(days=window_days)
    params: dict[str, Any] = {"closed": as_of - window, "window": window, "runs": _RUNS, "people": _PEOPLE}
    if metric in _DID:
        found = _ask(_OF_MESSAGES, params | {"types": list(_DID[metric])}, Origin.CAMPAIGNS)
        return found or BaseRate(ASSUMED[metric], None, 0, Origin.ASSUMED)
    if metric in _VALUES:
        value, sd = _VALUES[metric]
        for sql, origin in ((_OF_CAMPAIGNS, Origin.CAMPAIGNS), (_OF_SHOP, Origin.SHOP)):
            if found := _ask(sql + _ANSWER.format(value=value, sd=sd), params, origin):
                return found
    if metric in ASSUMED_MEANS:
        return BaseRate(*ASSUMED_MEANS[metric], 0, Origin.ASSUMED)
    return BaseRate(ASSUMED.get(metric, ASSUMED["conversion"]), None, 0, Origin.ASSUMED)


def _ask(sql: str, params: dict[str, Any], origin: Origin) -> BaseRate | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        people, total, sd = cursor.fetchone()
    if people < _ENOUGH or not total:
        return None
    return BaseRate(total / people, sd, people, origin)
