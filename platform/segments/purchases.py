"""Purchases less what was taken back: what a rule means by “bought”.

A line counts unless its order, or its product of that order, was cancelled (the same as in profiles), or
was given back: the product for at least what the line cost, or all that the order cost. What was paid
(`amount`) is counted as in profiles: every refund is taken off on the day it was given; of a cancelled
order nothing is.

Whether refunds reach what an order cost was decided when its facts arrived (`events.refunds`); asked here,
it would have to be added up from all purchases there ever were. Cancellations and refunds are few and have
an index of their own, so one anti-join over it is all that this costs, about 0.1 µs a purchase.
"""

from datetime import timedelta

from events.models import EventType
from segments.query import Query, compose
from segments.rules import Behaviour
from segments.zones import Clock

_STANDS = """
NOT EXISTS (
    SELECT FROM {events} x
    WHERE x.customer_id = e.customer_id AND x.order_id = e.order_id AND {back}
      AND x.occurred_at < {as_of}{since}
)
"""
_CANCELLED = "x.type = 'cancel' AND (x.product_id IS NULL OR x.product_id = e.product_id)"
_CANCELLED_OR_RETURNED = (
    "x.type IN ('cancel', 'refund') AND (x.product_id = e.product_id AND (x.type = 'cancel'"
    " OR abs(x.amount) >= e.amount) OR x.product_id IS NULL AND x.type = 'cancel' OR x.covers_order)"
)
#: Of purchases and refunds: what was paid, less what was given back.
NET = "CASE e.type WHEN 'refund' THEN -abs(e.amount) ELSE e.amount END"


def is_net(behaviour: Behaviour) -> bool:
    """Say whether a behaviour adds up what was paid, from which refunds are taken off."""
    paid = behaviour.measure == "amount" or (behaviour.measure, behaviour.of) == ("sum", "amount")
    return paid and behaviour.event == EventType.PURCHASE and not behaviour.nearest


def stands(behaviour: Behaviour, *, events: Query, now: Clock) -> Query:
    """Return the condition that event `e` was not taken back.

    What was taken back more than a day before a rolling window takes back nothing in it, so PostgreSQL
    leaves out whole months here, too.
    """
    since, span = Query("", []), behaviour.window.span
    if span is not None:
        first = span.before(now.as_of) - timedelta(days=1)
        since = compose(" AND x.occurred_at >= {first}", first=first)
    back = Query(_CANCELLED if is_net(behaviour) else _CANCELLED_OR_RETURNED, [])
    return compose(_STANDS, events=events, back=back, as_of=now.as_of, since=since)
