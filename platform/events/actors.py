"""Who the events of a batch are about: the known ones by one look-up, the others made."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from core.arrays import text_array
from core.encryption import keyed_hashes
from customers.identity.kinds import Kind
from customers.identity.resolve import Reference, resolve_people
from events.batches import Batch


class Person(NamedTuple):
    """Somebody named by more than the partner's id: by identifiers, as a visitor, or as both."""

    customer: str | tuple[Reference, ...] | None
    visitor: str | None


#: How an event names somebody: mostly by the partner's id alone.
Name = str | Person


class Row(NamedTuple):
    """An actor and its customer as PostgreSQL writes their keys."""

    actor: str
    customer: str | None


@dataclass(slots=True)
class People:
    """The actors of a batch. `unknown` are customers that nobody had heard of."""

    actors: dict[Name, Row] = field(default_factory=dict)
    unknown: set[Name] = field(default_factory=set)


def names_of(batch: Batch) -> list[Name]:
    """Return how each event of a batch names somebody."""
    plain = set(map(type, batch.customer)) == {str} and not any(batch.anonymous_id)
    if plain:
        return batch.customer  # type: ignore[return-value]  # all are texts
    pairs = zip(batch.customer, batch.anonymous_id, strict=True)
    return [c if type(c) is str and v is None else Person(c, v) for c, v in pairs]


def look_up(names: Iterable[Name], now: datetime) -> People:
    """Return the actors of those who are known. One query for names by external or anonymous id.

    A customer who came as an anonymous visitor whom we cannot tell yet is left to `make`, which joins
    the two.
    """
    people = People()
    wanted = set(names)
    persons = [name for name in wanted if not isinstance(name, str)]
    simple = [p for p in persons if not isinstance(p.customer, tuple)]
    plain = {name for name in wanted if isinstance(name, str)}
    ids = plain.union(p.customer for p in simple if isinstance(p.customer, str) and p.customer)
    customers = keyed_hashes(Kind.EXTERNAL_ID, ids)
    visitors = keyed_hashes(Kind.ANONYMOUS, {p.visitor for p in simple if p.visitor is not None})
    found = _owners(customers.values(), visitors.values())
    for name in plain:
        if row := found.get(customers[name]):
            people.actors[name] = row
        else:
            people.unknown.add(name)
    for person in simple:
        seen = found.get(visitors[person.visitor]) if person.visitor is not None else None
        row = found.get(customers[str(person.customer)]) if person.customer else seen
        if person.customer and row is None:
            people.unknown.add(person)
        elif row and (not person.customer or person.visitor is None or (seen and seen.customer)):
            people.actors[person] = row
    rich = [p for p in persons if isinstance(p.customer, tuple)]
    actors = resolve_people([_references(p) for p in rich], now, create=False) if rich else []
    people.unknown.update(p for p, a in zip(rich, actors, strict=True) if a is None or a.customer_id is None)
    return people


def make(people: People, names: Iterable[Name], now: datetime) -> None:
    """Add the actors of names that `look_up` left out: stubs are made, visitors join, identifiers are linked.

    Runs in the transaction whose events need them.
    """
    missing = sorted({name for name in names if name not in people.actors}, key=repr)
    actors = resolve_people([_references(name) for name in missing], now, create=True)
    for name, actor in zip(missing, actors, strict=True):
        if actor is not None:
            customer = None if actor.customer_id is None else str(actor.customer_id)
            people.actors[name] = Row(str(actor.identifier_id), customer)


def _references(name: Name) -> Sequence[Reference]:
    if isinstance(name, str):
        return [Reference(Kind.EXTERNAL_ID, name)]
    customer, visitor = name
    found = [Reference(Kind.EXTERNAL_ID, customer)] if isinstance(customer, str) else list(customer or ())
    return [*found, Reference(Kind.ANONYMOUS, visitor)] if visitor is not None else found


def _owners(customers: Collection[str], visitors: Collection[str]) -> dict[str, Row]:
    """Return the actors of identifiers by their hashes, which differ between kinds."""
    parts, values = [], []
    for kind, hashes in ((Kind.EXTERNAL_ID, customers), (Kind.ANONYMOUS, visitors)):
        if hashes:
            parts.append(_OWNERS)
            values += [kind.value, text_array(hashes)]
    if not parts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return {row[0]: Row(row[1], row[2]) for row in cursor.fetchall()}


# The inner SELECT keeps the planner from weighing a thousand constants, a sixth of the query's cost.
_OWNERS = (
    "SELECT value_hash, id::text, customer_id::text FROM customers_identifier"
    " WHERE kind = %s AND value_hash = ANY((SELECT %s::varchar[])::varchar[])"
)
