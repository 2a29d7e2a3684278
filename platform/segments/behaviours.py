"""What customers did, counted: one aggregate over the events for each behaviour of a rule."""

import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any

from segments.query import Query, compose, join
from segments.rules import Behaviour

_MEASURES = {
    "count": "count(*)",
    "orders": "count(DISTINCT e.order_id)",
    "quantity": "coalesce(sum(e.quantity), 0)",
    "amount": "coalesce(sum(e.amount), 0)",
}
_SQL = {
    "eq": "{x} = {v}",
    "ne": "{x} <> {v}",
    "lt": "{x} < {v}",
    "lte": "{x} <= {v}",
    "gt": "{x} > {v}",
    "gte": "{x} >= {v}",
    "between": "{x} BETWEEN {low} AND {high}",
}
_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "between": lambda x, v: bool(v[0] <= x <= v[1]),
}
_NARROWED = {
    "product": "e.product_id IN (SELECT id FROM catalog_product WHERE sku = ANY({v}))",
    "brand": "e.product_id IN (SELECT id FROM catalog_product WHERE brand = ANY({v}))",
    "category": (
        "e.product_id IN (SELECT g.id FROM catalog_product g JOIN catalog_category k ON k.id = g.category_id"
        " JOIN unnest({v}::text[]) AS root ON k.path = root OR starts_with(k.path, root || '/'))"
    ),
}


def fits_nobody_active(behaviour: Behaviour) -> bool:
    """Say whether a customer who did nothing of the kind fits, as in “at most twice”."""
    return _HOLDS[behaviour.op](0, behaviour.value)


def narrowing(behaviour: Behaviour) -> list[Query]:
    """Return what an event `e` must fulfil beside its type: category, product, brand, properties."""
    narrowed = [compose(_NARROWED[name], v=list(values)) for name, values in behaviour.narrowed]
    return narrowed + [compose("e.properties ->> {k} = {v}", k=k, v=v) for k, v in behaviour.properties]


def customers_query(behaviour: Behaviour, *, as_of: datetime) -> Query:
    """Return `SELECT customer_id` of those whose events settle the matter.

    These are the customers who fit, or, where doing nothing fits as well, those who do not: who has
    no event is in neither, so one grouped pass over the facts answers both.
    """
    conditions = [
        compose("e.type = {type} AND e.customer_id IS NOT NULL", type=behaviour.event),
        compose("e.occurred_at < {as_of} AND e.quality <> 'no_quantity'", as_of=as_of),
    ]
    if behaviour.within_days:
        conditions.append(
            compose(
                "e.occurred_at >= {as_of} - make_interval(days => {days})",
                as_of=as_of,
                days=behaviour.within_days,
            )
        )
    conditions += narrowing(behaviour)
    measure = compose(_MEASURES[behaviour.measure])
    low, high = behaviour.value if behaviour.op == "between" else (None, None)
    having = compose(_SQL[behaviour.op], x=measure, v=behaviour.value, low=low, high=high)
    if fits_nobody_active(behaviour):
        having = compose("NOT ({having})", having=having)
    return compose(
        "SELECT e.customer_id FROM events_event e WHERE {where} GROUP BY e.customer_id HAVING {having}",
        where=join(" AND ", conditions),
        having=having,
    )
