"""The shop as it was at an earlier moment, for the very code that looks at today's.

Within `shop_as_of` each table's name means what the table held then: temporary views and tables of this
session take the place of the real ones, and the search path knows nothing else. So the segment compiler, the
rules of delivery and the profiles need no second version for the past, and what was forgotten here cannot be
read at all, instead of telling the future.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import polars as pl
from django.db import connection, transaction

from campaigns.rehearsal.past.tables import CONSENTS_THEN, CONSENTS_TODAY, TIMED, TODAY
from core.arrays import number_array
from core.copy import copy_to_frame
from profiles.building.earlier import build_earlier

# Who is in the shop's records since when: a record of their own, or the first fact about them, which is
# older where past orders were imported.
_KNOWN = """
SELECT c.id AS customer_id,
       extract(epoch FROM least(c.created_at, f.first_at))::float8 AS since
  FROM customers_customer c
  LEFT JOIN (
      SELECT e.customer_id, min(e.occurred_at) AS first_at FROM events_event e
        JOIN customers_customer n ON n.id = e.customer_id AND n.created_at >= %s
       WHERE e.occurred_at < %s GROUP BY 1
  ) f ON f.customer_id = c.id
 WHERE c.created_at < %s OR f.first_at IS NOT NULL
 ORDER BY 1
"""
# Of those with a word on it today: how many were known then, and how many of these had said it by then.
_RECORDS = """
SELECT count(*),
       count(*) FILTER (WHERE k.since < %(at)s OR EXISTS (
           SELECT FROM customers_consentevent a
            WHERE a.customer_id = k.customer_id AND a.channel = k.channel AND a.topic = k.topic
              AND a.occurred_at < %(at)s))
  FROM customers_consent k
  JOIN unnest(%(ids)s::bigint[]) AS known (id) ON known.id = k.customer_id
 WHERE k.channel = %(channel)s AND k.topic = %(topic)s
"""
#: Below this share the shop's records of consent begin later.
_RECORDED = 0.5


def known_since(*, first: datetime, last: datetime) -> pl.DataFrame:
    """Return since when each customer is known, by facts before `last`: customer_id, since (epoch seconds).

    `first` is the earliest moment that will be asked about. One pass over the facts of those whose record
    is younger than that, about 2 s for 10 million facts; nothing where nobody's is.
    """
    schema = {"customer_id": pl.Int64, "since": pl.Float64}
    return copy_to_frame(_KNOWN, [first, last, last], schema=schema)


@contextmanager
def shop_as_of(
    moment: datetime, *, known: pl.DataFrame, consents_today: bool, columns: Collection[str] = ()
) -> Iterator[None]:
    """Show this connection the shop as it was just before a moment, and nothing of it is kept.

    `known` is what `known_since` returned, `columns` are those of the profile that will be asked for. A
    transaction of its own or a savepoint, rolled back at the end; cheap but for the profiles
    (`build_earlier`).
    """
    with transaction.atomic():
        try:
            _turn_back(moment, known, consents_today=consents_today)
            if columns:
                build_earlier("profiles_customerprofile", columns, as_of=moment)
                with connection.cursor() as cursor:
                    cursor.execute("ANALYZE profiles_customerprofile")
            yield
        finally:
            transaction.set_rollback(True)


def _turn_back(moment: datetime, known: pl.DataFrame, *, consents_today: bool) -> None:
    then = known.filter(pl.col("since") < moment.timestamp())
    values = {"at": moment}
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        home = cursor.fetchone()[0]
        cursor.execute(
            "CREATE TEMPORARY TABLE past_known ON COMMIT DROP AS SELECT unnest(%s::bigint[]) AS customer_id",
            [number_array(then["customer_id"].to_list())],
        )
        cursor.execute("CREATE UNIQUE INDEX ON past_known (customer_id)")
        cursor.execute("ANALYZE past_known")
        tables = TIMED | (CONSENTS_TODAY if consents_today else CONSENTS_THEN)
        tables |= {name: f"SELECT * FROM {{home}}.{name}" for name in TODAY}  # noqa: S608
        for name, select in tables.items():
            cursor.execute(f"CREATE TEMPORARY VIEW {name} AS {select.format(home=home)}", values)
        # What was said of people by models is written over: of an earlier day nothing is known.
        for name in ("profiles_customerprofile", "profiles_customerscore", "profiles_persona"):
            cursor.execute(
                f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT * FROM {home}.{name} WITH NO DATA"  # noqa: S608
            )
        cursor.execute("SET LOCAL search_path = pg_temp")


def lacks_consents(moment: datetime, *, known: pl.DataFrame, channel: str, topic: str) -> bool:
    """Say whether the shop's records of consent begin later: most of today's came after the moment.

    One statement; it says how the past is to be shown and is no part of it.
    """
    ids = known.filter(pl.col("since") < moment.timestamp())["customer_id"].to_list()
    asked: dict[str, Any] = {"at": moment, "ids": number_array(ids), "channel": channel, "topic": topic}
    with connection.cursor() as cursor:
        cursor.execute(_RECORDS, asked)
        people, recorded = cursor.fetchone()
    return bool(people) and recorded < _RECORDED * people
