"""What a rule would find, before it is saved: in all, by each of its parts, and by each channel."""

import json
import time
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from customers.models import Channel
from segments import reach
from segments.compiler import compile_parts
from segments.query import Query, compose, join
from segments.rules import RuleError
from segments.timeouts import TookTooLongError, statement_timeout

#: A person waits for this.
SECONDS = 5
SAMPLE = 10

# Everybody is judged once and counted in parallel, of which only who fits comes back. The sample is the same
# for the same people, and no corner of the table. An array takes any number of counts, a function a hundred.
_SQL = """
WITH judged AS MATERIALIZED (
    SELECT to_jsonb(ARRAY[count(*), {counts}]) AS counts, array_agg(j.person) FILTER (WHERE n0) AS people
    FROM (SELECT {person} AS person, {truths} FROM {tables}) j
)
SELECT
    (SELECT counts FROM judged),
    (SELECT coalesce(jsonb_object_agg(channel, people), '{}') FROM ({reach}) r),
    (
        SELECT coalesce(jsonb_agg(person), '[]') FROM (
            SELECT
                c.external_id AS customer, p.orders, p.revenue::text AS revenue,
                p.last_order_at, p.lifecycle
            FROM (
                SELECT m.person / 4 AS customer_id FROM judged, unnest(judged.people) AS m(person)
                ORDER BY hashint8(m.person / 4), m.person / 4 LIMIT {sample}
            ) m
            JOIN customers_customer c ON c.id = m.customer_id
            LEFT JOIN profiles_customerprofile p ON p.customer_id = c.id AND p.as_of <= {as_of}
            ORDER BY hashint8(c.id), c.id
        ) person
    )
"""


def preview(rule: dict[str, Any], *, as_of: datetime, slug: str | None = None) -> dict[str, Any]:
    """Count who fits a rule, in one statement.

    Returns `size`, `total` (all customers), `conditions` (`path` and `size` of every node, groups
    included), `channels` (who can be spoken to through each), `reachable` (by e-mail), `sample` (ten
    customers with their figures) and `ms`. Raises RuleError, also when counting takes more than 5 s.
    """
    started = time.monotonic()
    compiled = compile_parts(rule, as_of=as_of, slug=slug)
    paths = sorted(compiled.nodes)  # the root, "", comes first
    truths = [compose(f"{{truth}} AS n{i}", truth=compiled.nodes[path]) for i, path in enumerate(paths)]
    counts = ", ".join(f"count(*) FILTER (WHERE n{i})" for i in range(len(paths)))
    query = compose(
        _SQL,
        person=Query(reach.PERSON, []),
        truths=join(", ", truths),
        tables=compiled.tables,
        counts=Query(counts, []),
        reach=reach.counts(as_of=as_of),
        as_of=as_of,
        sample=SAMPLE,
    )
    try:
        with statement_timeout(SECONDS, over_everybody=True), connection.cursor() as cursor:
            cursor.execute(query.sql, query.params)
            counted, channels, sample = map(json.loads, cursor.fetchone())
    except TookTooLongError as error:
        raise RuleError(
            "",
            _("Counting takes more than %(n)d s. Save it: it is counted in the background.") % {"n": SECONDS},
        ) from error
    total, *sizes = counted
    by_channel = {channel.value: channels.get(channel.value, 0) for channel in Channel}
    return {
        "size": sizes[0],
        "total": total,
        "reachable": by_channel[Channel.EMAIL],
        "channels": by_channel,
        "conditions": [{"path": path, "size": size} for path, size in zip(paths, sizes, strict=True)],
        "sample": sample,
        "ms": round((time.monotonic() - started) * 1000),
    }
