"""One thing after another: sequences of events, and what became of the last messages.

A sequence is one sort of both kinds of events, with the next second event beside each first one (the
smallest later moment by a window function), so it costs n log n however many there are of either.
"""

from datetime import datetime

from segments.behaviours import chosen, compare_number, fits_nobody_active
from segments.query import Query, compose, join
from segments.rules import Behaviour, Message, Sequence, Window
from segments.rules.behaviours import MESSAGES
from segments.rules.moments import Span
from segments.zones import Clock

_NEXT = """
SELECT DISTINCT s.customer_id FROM (
    SELECT f.customer_id, f.at, f.is_first,
           min(f.at) FILTER (WHERE NOT f.is_first) OVER (
               PARTITION BY f.customer_id, f.same ORDER BY f.at DESC
               GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS next
    FROM (
        SELECT e.customer_id, e.occurred_at AS at, true AS is_first, {same} AS same {first}
        UNION ALL
        SELECT e.customer_id, e.occurred_at, false, {same} {second}
    ) f
) s
WHERE s.is_first AND {becomes}
"""


def sequence_query(node: Sequence, *, events: Query, now: Clock) -> Query:
    """Return `SELECT customer_id` of those who did one thing, and then the other within the span or not.

    The second counts when it happened after the first. What is absent is certain only when the span is
    over.
    """
    length = _interval(node.span)
    becomes = "s.next <= s.at + {length}"
    if node.absent:
        becomes = "s.at + {length} <= {as_of} AND (s.next IS NULL OR s.next > s.at + {length})"
    first = chosen(node.first, events=events, now=now)
    second = chosen(node.second, events=events, now=now)
    known = Query(f" AND e.{node.same} IS NOT NULL", []) if node.same else Query("", [])
    return compose(
        _NEXT,
        same=Query(f"e.{node.same}::text" if node.same else "NULL::text", []),
        first=compose("{rows}{known}", rows=first, known=known),
        second=compose("{rows}{known}{since}", rows=second, known=known, since=_since(node, now)),
        becomes=compose(becomes, length=length, as_of=now.as_of),
    )


def _interval(span: Span) -> Query:
    return compose(f"make_interval({span.unit} => {{count}})", count=span.count)


def _since(node: Sequence, now: Clock) -> Query:
    """Leave out second events from before the window of the first, where it is the same for all."""
    if node.first.window.span is None:
        return Query("", [])
    since: datetime = node.first.window.span.before(now.as_of)
    return compose(" AND e.occurred_at >= {since}", since=since)


#: A message is known by its run and its number; what names neither is one by itself.
_KEY = "coalesce((e.properties ->> 'run') || ':' || (e.properties ->> 'message'), e.id::text)"
_LAST = """
SELECT s.customer_id{value} FROM (
    SELECT e.customer_id, {key} AS message,
           row_number() OVER (PARTITION BY e.customer_id ORDER BY e.occurred_at DESC, e.id DESC) AS nth
    {sent}
) s
LEFT JOIN (SELECT DISTINCT e.customer_id, {key} AS message {done}) d USING (customer_id, message)
WHERE s.nth <= {n} GROUP BY s.customer_id HAVING count(*) = {n} AND {holds}
"""
_COUNTED = "SELECT e.customer_id{value} {done} GROUP BY e.customer_id HAVING {holds}"


def no_message_fits(node: Message) -> bool:
    """Say whether a customer without such messages fits. Of the last n there must be n."""
    return not node.of_last and fits_nobody_active(_counted(node))


def message_query(node: Message, *, events: Query, now: Clock, value: bool = False) -> Query:
    """Return `SELECT customer_id` of those whose messages settle the matter.

    Messages are counted, not events: one that was opened twice was opened. Machines' opens and clicks
    do not count. With `value`, return `SELECT customer_id, value` of the counts instead.
    """
    key = Query(_KEY, [])
    counted = Query("count(d.message)", []) if node.of_last else compose("count(DISTINCT {key})", key=key)
    holds = compare_number(node.op, counted, node.value)
    if no_message_fits(node):
        holds = compose("NOT ({holds})", holds=holds)
    return compose(
        _LAST if node.of_last else _COUNTED,
        key=key,
        value=compose(", {counted} AS value", counted=counted) if value else Query("", []),
        sent=_touched(node, "sent", events, now, node.window),
        done=_touched(node, node.what, events, now, Window() if node.of_last else node.window),
        n=node.of_last,
        holds=Query("true", []) if value else holds,
    )


def _counted(node: Message) -> Behaviour:
    return Behaviour(node.path, MESSAGES[node.what].value, op=node.op, value=node.value)


def _touched(node: Message, what: str, events: Query, now: Clock, bounds: Window) -> Query:
    conditions = [Query("e.properties ->> 'machine' IS DISTINCT FROM 'true'", [])]
    if node.campaigns:
        conditions.append(compose("e.properties ->> 'reference' = ANY({ids})", ids=list(node.campaigns)))
    if node.channels:
        conditions.append(compose("e.properties ->> 'channel' = ANY({names})", names=list(node.channels)))
    behaviour = Behaviour(node.path, MESSAGES[what].value, window=bounds)
    rows = chosen(behaviour, events=events, now=now)
    return compose("{rows} AND {conditions}", rows=rows, conditions=join(" AND ", conditions))
