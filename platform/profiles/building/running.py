"""Run the statements that gather and publish."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from core import clock
from core.arrays import number_array
from profiles.building import facts, standing
from profiles.rules import PARAMETERS

#: Two that publish at once would wait on each other's rows in different orders.
LOCK = 0x5052_4F46

_ONE = "= ANY(%(ids)s::bigint[])"
_COLUMNS = ", ".join(facts.COLUMNS)


def parameters(as_of: datetime, now: datetime) -> dict[str, Any]:
    """Return what every statement may ask for."""
    return PARAMETERS | {"as_of": as_of, "now": now, "zone": str(clock.shop_zone())}


def settle() -> None:
    """Let this transaction group in memory; the server's own default is for many small queries."""
    with connection.cursor() as cursor:
        # Compiling these statements takes longer than running them for a slice.
        cursor.execute("SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL hash_mem_multiplier = 2")


def gather(known: str, people: str, figures: str, values: Mapping[str, Any]) -> None:
    """Put a row of figures for each of some customers into the table `figures`.

    `known` is SQL for their facts as a table named f, `people` a condition on c, the customers.
    """
    with connection.cursor() as cursor:
        for statement in facts.GATHERED:
            cursor.execute(statement.format(facts=known), values)
        cursor.execute("ANALYZE profile_order (customer_id), profile_spend (customer_id)")
        cursor.execute(
            f"INSERT INTO {figures} (customer_id, {_COLUMNS}) "
            + facts.FIGURES.format(facts=known, people=people),
            values,
        )
        cursor.execute("DROP TABLE profile_cancelled, profile_line, profile_order, profile_spend")


def gather_some(customer_ids: Collection[int], figures: str, values: Mapping[str, Any]) -> None:
    """Put a row of figures for each of some customers into a new temporary table `figures`.

    Run it in a transaction: the table goes with it. 1,000 customers take about 1 s, by the index of events
    by customer.
    """
    own = {**values, "ids": number_array(customer_ids)}
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE profile_fact ON COMMIT DROP AS "
            + facts.FACTS.format(scope=f"AND e.customer_id {_ONE}"),
            own,
        )
        cursor.execute(f"CREATE TEMPORARY TABLE {figures} ON COMMIT DROP AS {figures_columns()}")
        cursor.execute("ANALYZE profile_fact")
        gather("profile_fact f", f"AND c.id {_ONE}", figures, own)
        cursor.execute(f"ANALYZE {figures}")
        cursor.execute("DROP TABLE profile_fact")


def publish(figures: str, values: Mapping[str, Any], *, fresh: str = "true") -> int:
    """Write profiles from fresh figures, rank everybody anew, and return how many were written.

    Whoever publishes locks the others out until the end of the transaction. `fresh` is a condition on f,
    the figures. Sorting 200,000 customers three times takes about 1 s; of those who have no fresh figures
    only they are written whose score, group or lifecycle moved.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(standing.FORGET)  # first: who objects is not ranked either
        cursor.execute(standing.STANDING.format(figures=figures, fresh=fresh), values)
        cursor.execute("ANALYZE profile_standing (customer_id, fresh)")
        cursor.execute(standing.WRITE.format(figures=figures), values)
        written = int(cursor.rowcount)
        cursor.execute("SELECT count(*) FROM profile_standing WHERE fresh")
        if cursor.fetchone()[0] > written:
            cursor.execute(standing.ADD.format(figures=figures), values)
            written += int(cursor.rowcount)
        cursor.execute(standing.MOVE, values)
        cursor.execute("DROP TABLE profile_standing")
    return written


def figures_columns() -> str:
    """Return the columns of a table of figures, of the profile's own types."""
    return "SELECT customer_id, " + _COLUMNS + " FROM profiles_customerprofile WITH NO DATA"  # noqa: S608
