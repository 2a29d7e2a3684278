"""Who somebody is: identifiers, what they mean, and customers who turn out to be one person."""

from customers.identity.actors import Actor, claim_identifiers, ensure_actors, insert_missing_customers
from customers.identity.resolve import (
    Reference,
    join_visitors,
    link,
    resolve_actors,
    resolve_people,
)

__all__ = [
    "Actor",
    "Reference",
    "claim_identifiers",
    "ensure_actors",
    "insert_missing_customers",
    "join_visitors",
    "link",
    "resolve_actors",
    "resolve_people",
]
