"""Writes of events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction

_RECORD = """
WITH rows AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(
        source varchar, message_id varchar, type varchar, customer_id bigint, occurred_at timestamptz,
        properties jsonb)
), fresh AS (
    INSERT INTO events_eventkey (source, message_id)
    SELECT DISTINCT source, message_id FROM rows ORDER BY 1, 2
    ON CONFLICT DO NOTHING RETURNING source, message_id
)
INSERT INTO events_event (source, message_id, type, customer_id, occurred_at, received_at, properties)
SELECT source, message_id, type, customer_id, occurred_at, %s, properties
FROM rows JOIN fresh USING (source, message_id)
"""


def record(rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Store the platform's own events, each once by (source, message_id). Return those that were new."""
    if not rows:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RECORD, [orjson.dumps(list(rows)).decode(), now])
        return int(cursor.rowcount)
