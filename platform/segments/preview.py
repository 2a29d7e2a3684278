"""What a rule would find, before it is saved."""

import json
import time
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from segments.compiler import compile_rule
from segments.query import compose
from segments.rules import RuleError
from segments.timeouts import TookTooLongError, statement_timeout

#: A person waits for this.
SECONDS = 5
SAMPLE = 10

#: Has an address, agreed to marketing e-mail by that moment, and the address is not suppressed.
REACHABLE = """c.email IS NOT NULL
AND (
    SELECT a.granted FROM customers_consentevent a
    WHERE a.customer_id = c.id AND a.channel = 'email' AND a.topic = 'marketing' AND a.occurred_at <= {as_of}
    ORDER BY a.occurred_at DESC, a.id DESC LIMIT 1
)
AND NOT EXISTS (
    SELECT FROM customers_identifier i
    JOIN customers_suppression s ON s.channel = 'email' AND s.address_hash = i.value_hash
    WHERE i.customer_id = c.id AND i.kind = 'email' AND (s.until IS NULL OR s.until > {as_of})
)"""

# The sample is the same for the same people, and no corner of the table.
_SQL = """
WITH matched AS MATERIALIZED ({members})
SELECT
    (SELECT count(*) FROM matched),
    (SELECT count(*) FROM matched JOIN customers_customer c ON c.id = matched.customer_id WHERE {reachable}),
    (
        SELECT coalesce(jsonb_agg(person), '[]') FROM (
            SELECT
                c.external_id AS customer, p.orders, p.revenue::text AS revenue,
                p.last_order_at, p.lifecycle
            FROM matched
            JOIN customers_customer c ON c.id = matched.customer_id
            LEFT JOIN profiles_customerprofile p ON p.customer_id = c.id AND p.as_of <= {as_of}
            ORDER BY hashint8(c.id), c.id
            LIMIT {sample}
        ) person
    )
"""


def preview(rule: dict[str, Any], *, as_of: datetime, slug: str | None = None) -> dict[str, Any]:
    """Count who fits a rule: `{"size", "reachable", "sample", "ms"}`.

    `reachable` are those who may be written to by e-mail; the sample is ten customers with their
    figures. Raises RuleError, also when counting takes more than 5 seconds.
    """
    started = time.monotonic()
    query = compose(
        _SQL,
        members=compile_rule(rule, as_of=as_of, slug=slug),
        reachable=compose(REACHABLE, as_of=as_of),
        as_of=as_of,
        sample=SAMPLE,
    )
    try:
        with statement_timeout(SECONDS), connection.cursor() as cursor:
            cursor.execute(query.sql, query.params)
            size, reachable, sample = cursor.fetchone()
    except TookTooLongError as error:
        raise RuleError(
            "",
            _("Counting takes more than %(n)d s. Save it: it is counted in the background.") % {"n": SECONDS},
        ) from error
    return {
        "size": size,
        "reachable": reachable,
        "sample": json.loads(sample),
        "ms": round((time.monotonic() - started) * 1000),
    }
