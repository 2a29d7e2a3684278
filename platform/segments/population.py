"""Whom a rule is asked about, and from which facts."""

from collections.abc import Sequence
from typing import NamedTuple

from core.arrays import number_array
from segments.query import Query, compose


class Population(NamedTuple):
    """Tables in FROM: `customers` has the alias `c`; `events` gets one where it is used."""

    customers: Query
    events: Query


EVERYONE = Population(Query("customers_customer c", []), Query("events_event", []))
#: Customers who changed, and their events, set out by `segments.incremental` in temporary tables.
CHANGED = Population(
    Query("segment_changed w JOIN customers_customer c ON c.id = w.customer_id", []),
    Query("segment_fact", []),
)


def some(customer_ids: Sequence[int]) -> Population:
    """Return a few people."""
    ids = number_array(customer_ids)
    return Population(
        compose(
            "(SELECT * FROM customers_customer WHERE id = ANY({ids}::bigint[])) c",
            ids=ids,
        ),
        compose("(SELECT * FROM events_event WHERE customer_id = ANY({ids}::bigint[]))", ids=ids),
    )
