"""What customers did, counted: one aggregate over the events for each behaviour of a rule.

Who has no event is in no group. So a query answers for those whose events settle the matter: the
customers who fit or, where doing nothing fits as well, those who do not; one grouped pass over the facts
answers both.
"""

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from core import clock
from events.models import EventType
from segments import operators, purchases
from segments.operators import Kind
from segments.query import Query, compose, join
from segments.rules import Behaviour, RuleError, Where, Window, at
from segments.rules.moments import When
from segments.zones import Clock, instants_by_zone

_MEASURES = {
    "count": "count(*)",
    "orders": "count(DISTINCT e.order_id)",
    "quantity": "coalesce(sum(e.quantity), 0)",
    "amount": "coalesce(sum(e.amount), 0)",
    "sum": "coalesce(sum({of}), 0)",
    "average": "avg({of})",
    "largest": "max({of})",
    "smallest": "min({of})",
    "distinct": "count(DISTINCT {of})",
    "first": "min(e.occurred_at)",
    "last": "max(e.occurred_at)",
}
#: What is NULL, and therefore compares with nothing, where nobody did anything.
_UNKNOWN = {"average", "largest", "smallest", "first", "last"}
_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "between": lambda x, v: bool(v[0] <= x <= v[1]),
}
#: Comparisons of a count that only ask whether there is anything at all.
_WHETHER = {("gte", 1), ("gt", 0), ("ne", 0), ("eq", 0), ("lt", 1), ("lte", 0)}
_COMPARED = {
    "eq": "{x} = {v}",
    "ne": "{x} <> {v}",
    "lt": "{x} < {v}",
    "lte": "{x} <= {v}",
    "gt": "{x} > {v}",
    "gte": "{x} >= {v}",
    "between": "{x} BETWEEN {low} AND {high}",
}
_NARROWED = {
    "product": "e.product_id IN (SELECT id FROM catalog_product WHERE sku = ANY({v}))",
    "brand": "e.product_id IN (SELECT id FROM catalog_product WHERE brand = ANY({v}))",
    "category": (
        "e.product_id IN (SELECT g.id FROM catalog_product g JOIN catalog_category k ON k.id = g.category_id"
        " JOIN unnest({v}::text[]) AS root ON k.path = root OR starts_with(k.path, root || '/'))"
    ),
}
_COLUMNS = {
    "amount": (Kind.NUMBER, "e.amount"),
    "quantity": (Kind.NUMBER, "e.quantity"),
    "discount": (Kind.NUMBER, "e.discount"),
    "order_id": (Kind.TEXT, "e.order_id"),
    "source": (Kind.TEXT, "e.source"),
    "hour": (Kind.NUMBER, "extract(hour FROM e.occurred_at AT TIME ZONE {zone})"),
    "weekday": (Kind.NUMBER, "extract(isodow FROM e.occurred_at AT TIME ZONE {zone})"),
}
_THINGS = {
    "amount": "e.amount",
    "quantity": "e.quantity",
    "discount": "e.discount",
    "product": "e.product_id",
    "order": "e.order_id",
    "day": "(e.occurred_at AT TIME ZONE {zone})::date",
}
_PROPERTY = "(e.properties #> {path}::text[])"
_NUMBER = (
    "(CASE WHEN jsonb_typeof({x}) = 'number' THEN ({x} #>> ARRAY[]::text[])::numeric"
    " WHEN ({x} #>> ARRAY[]::text[]) ~ '^-?\\d+(\\.\\d+)?$' THEN left({x} #>> ARRAY[]::text[], 100)::numeric END)"  # noqa: E501
)


def fits_nobody_active(behaviour: Behaviour) -> bool:
    """Say whether a customer who did nothing of the kind fits, as in “at most twice”."""
    return behaviour.measure not in _UNKNOWN and _HOLDS[behaviour.op](0, behaviour.value)


def asks_whether(behaviour: Behaviour) -> bool:
    """Say whether a behaviour asks only whether somebody ever did something, or never."""
    if behaviour.measure != "count" or behaviour.op == "between":
        return False
    return (behaviour.op, behaviour.value) in _WHETHER


def narrowing(behaviour: Behaviour, now: Clock | None = None) -> list[Query]:
    """Return what an event `e` must fulfil beside its type: category, product, brand, properties, where."""
    now = now or Clock(datetime(1970, 1, 1, tzinfo=UTC))
    narrowed = [compose(_NARROWED[name], v=list(values)) for name, values in behaviour.narrowed]
    named = [compose("e.properties ->> {k} = {v}", k=k, v=v) for k, v in behaviour.properties]
    return narrowed + named + [where(condition, now) for condition in behaviour.where]


def where(condition: Where, now: Clock) -> Query:
    """Return a condition on a column or a property of an event."""
    if condition.is_property:
        kind, x = Kind.ATTRIBUTE, property_of(condition.name)
    else:
        kind, template = _COLUMNS[condition.name]
        x = compose(template, zone=str(clock.shop_zone()))
    return operators.compare(kind, x, condition.op, condition.value, now=now, path=condition.path)


def property_of(name: str) -> Query:
    """Return a property by its name, or by its path with dots."""
    whole = compose("(e.properties -> {name})", name=name)
    if "." not in name:
        return whole
    return compose("coalesce({whole}, {path})", whole=whole, path=compose(_PROPERTY, path=name.split(".")))


def chosen(behaviour: Behaviour, *, events: Query, now: Clock) -> Query:
    """Return `FROM … WHERE …` of the events `e` that count: type, window, first or last few, narrowed.

    What was bought and taken back does not count.
    """
    zone_joins, bounds = window(behaviour.window, now)
    conditions = [
        compose("{type} AND e.customer_id IS NOT NULL", type=_type(behaviour)),
        compose("e.occurred_at < {as_of} AND e.quality <> 'no_quantity'", as_of=now.as_of),
        *bounds,
    ]
    if behaviour.event == EventType.PURCHASE:
        conditions.append(purchases.stands(behaviour, events=events, now=now))
    narrowed = narrowing(behaviour, now)
    if behaviour.nearest:
        source = compose(
            "(SELECT e.*, row_number() OVER (PARTITION BY e.customer_id ORDER BY {order}) AS nth"
            " FROM {events} e {zones} WHERE {where}) e",
            order=Query(
                "e.occurred_at, e.id" if behaviour.nearest > 0 else "e.occurred_at DESC, e.id DESC", []
            ),
            events=events,
            zones=join(" ", zone_joins),
            where=join(" AND ", conditions),
        )
        conditions = [compose("e.nth <= {n}", n=abs(behaviour.nearest))]
    else:
        source = compose("{events} e {zones}", events=events, zones=join(" ", zone_joins))
    return compose("FROM {source} WHERE {where}", source=source, where=join(" AND ", conditions + narrowed))


def _type(behaviour: Behaviour) -> Query:
    """Return which events are measured: of what was paid also what was given back."""
    if purchases.is_net(behaviour):
        return compose("e.type IN ({bought}, {back})", bought=behaviour.event, back=EventType.REFUND.value)
    return compose("e.type = {type}", type=behaviour.event)


def window(bounds: Window, now: Clock) -> tuple[list[Query], list[Query]]:
    """Return joins and conditions for the time in which events count.

    What is the same for everybody is a constant, by which PostgreSQL leaves out whole months. With
    customers' own zones it gets the earliest and the latest of them too.
    """
    conditions: list[Query] = []
    if bounds.span is not None:
        conditions.append(compose("e.occurred_at >= {since}", since=bounds.span.before(now.as_of)))
    here = Clock(now.as_of)
    for when, sign, edge in ((bounds.since, ">=", min), (bounds.until, "<", max)):
        if when is None:
            continue
        moment = here.moment(when, bounds.zone)
        conditions.append(compose(f"e.occurred_at {sign} {{moment}}", moment=moment))
        if isinstance(moment, Query):
            constant = edge(_possible(when, now))
            conditions.append(compose(f"e.occurred_at {sign} {{constant}}", constant=constant))
    if not here.joins:
        return [], conditions
    return [Query("JOIN customers_customer c ON c.id = e.customer_id", []), *here.joins], conditions


def _possible(when: When, now: Clock) -> list[datetime]:
    return [*instants_by_zone(when, now.as_of).values(), when.instant(now.as_of, clock.shop_zone())]


def measured(behaviour: Behaviour) -> Query:
    """Return the measure over a group of events `e`."""
    if purchases.is_net(behaviour):
        return compose(_MEASURES["sum"], of=Query(purchases.NET, []))
    return compose(_MEASURES[behaviour.measure], of=_of(behaviour))


def _of(behaviour: Behaviour) -> Query:
    if behaviour.of.startswith("properties."):
        x = property_of(behaviour.of.removeprefix("properties."))
        if behaviour.measure == "distinct":
            return compose("({x} #>> ARRAY[]::text[])", x=x)
        return compose(_NUMBER, x=x)
    return compose(_THINGS.get(behaviour.of, "NULL"), zone=str(clock.shop_zone()))


def holds(behaviour: Behaviour, x: Query, now: Clock) -> Query:
    """Return whether a measure is as wanted."""
    if behaviour.measure not in ("first", "last"):
        return compare_number(behaviour.op, x, behaviour.value)
    if behaviour.window.zone == "customer" and behaviour.op in ("before", "after", "between"):
        raise RuleError(
            at(behaviour.path, "zone"), _("The first and the last time are compared by the shop's clock.")
        )
    operator_ = operators.OPERATORS[Kind.MOMENT][behaviour.op]
    return compose(operator_.template, x=x, **operator_.bind(behaviour.value, x, now, "shop"))


def compare_number(op: str, x: Query, value: Any) -> Query:
    """Return a comparison with a number or a pair."""
    low, high = value if op == "between" else (None, None)
    return compose(_COMPARED[op], x=x, v=value, low=low, high=high)


def customers_query(behaviour: Behaviour, *, events: Query, now: Clock) -> Query:
    """Return `SELECT customer_id` of those whose events settle the matter (see above)."""
    having = holds(behaviour, measured(behaviour), now)
    if fits_nobody_active(behaviour):
        having = compose("NOT ({having})", having=having)
    return compose(
        "SELECT e.customer_id {chosen} GROUP BY e.customer_id HAVING {having}",
        chosen=chosen(behaviour, events=events, now=now),
        having=having,
    )


def existence(behaviour: Behaviour, *, events: Query, now: Clock) -> Query:
    """Return the condition that customer `c` did something, or never did: the same as a filter.

    PostgreSQL makes a semi-join or an anti-join of it and chooses: by everybody's events at once, or by
    those of the few whom the other conditions leave. Of those who object to profiling nothing is known.
    """
    rows = compose(
        "SELECT FROM (SELECT e.customer_id {chosen}) e WHERE e.customer_id = c.id AND NOT c.no_profiling",
        chosen=chosen(behaviour, events=events, now=now),
    )
    word = "NOT EXISTS" if fits_nobody_active(behaviour) else "EXISTS"
    return compose(f"{word} ({{rows}})", rows=rows)


def values_query(behaviour: Behaviour, *, events: Query, now: Clock) -> Query:
    """Return `SELECT customer_id, value` of the measure itself, to be shown."""
    return compose(
        "SELECT e.customer_id, {measure} AS value {chosen} GROUP BY e.customer_id",
        measure=measured(behaviour),
        chosen=chosen(behaviour, events=events, now=now),
    )
