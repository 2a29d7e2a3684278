"""Who the events of a batch are about: the known ones by one look-up, the others made."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from core.arrays import text_array
from core.encryption import keyed_hash
from customers.identity.actors import Actor
from customers.identity.kinds import Kind
from customers.identity.resolve import Reference, resolve_people

#: How an event names somebody: the partner's id or a set of identifiers, and the visitor's.
Name = tuple[str | tuple[Reference, ...] | None, str | None]


@dataclass(slots=True)
class People:
    """The actors of a batch. `unknown` are customers that nobody had heard of."""

    actors: dict[Name, Actor] = field(default_factory=dict)
    unknown: set[Name] = field(default_factory=set)


def look_up(names: Iterable[Name], now: datetime) -> People:
    """Return the actors of those who are known. One query for names by external or anonymous id.

    A customer who came as an anonymous visitor whom we cannot tell yet is left to `make`, which joins
    the two.
    """
    people = People()
    wanted = set(names)
    plain = {name for name in wanted if type(name[0]) is not tuple}
    customers = {c: keyed_hash(Kind.EXTERNAL_ID, c) for c, _ in plain if isinstance(c, str)}
    visitors = {v: keyed_hash(Kind.ANONYMOUS, v) for _, v in plain if v is not None}
    found = _owners(customers.values(), visitors.values())
    for name in plain:
        customer, visitor = name
        actor = found.get(customers[customer] if isinstance(customer, str) else visitors[visitor or ""])
        seen = found.get(visitors[visitor]) if visitor is not None else None
        if customer is not None and actor is None:
            people.unknown.add(name)
        elif actor is not None and (customer is None or visitor is None or (seen and seen.customer_id)):
            people.actors[name] = actor
    rich = [name for name in wanted if type(name[0]) is tuple]
    for name, actor in zip(rich, resolve_people([_references(n) for n in rich], now, create=False), strict=True):
        if actor is None or actor.customer_id is None:
            people.unknown.add(name)
    return people


def make(people: People, names: Iterable[Name], now: datetime) -> None:
    """Add the actors of names that `look_up` left out: stubs are made, visitors join, identifiers are linked.

    Runs in the transaction whose events need them.
    """
    missing = sorted({name for name in names if name not in people.actors}, key=repr)
    actors = resolve_people([_references(name) for name in missing], now, create=True)
    people.actors.update((name, actor) for name, actor in zip(missing, actors, strict=True) if actor)


def _references(name: Name) -> Sequence[Reference]:
    customer, visitor = name
    found = [Reference(Kind.EXTERNAL_ID, customer)] if isinstance(customer, str) else list(customer or ())
    return [*found, Reference(Kind.ANONYMOUS, visitor)] if visitor is not None else found


def _owners(customers: Collection[str], visitors: Collection[str]) -> dict[str, Actor]:
    """Return the actors of identifiers by their hashes, which differ between kinds."""
    parts, values = [], []
    for kind, hashes in ((Kind.EXTERNAL_ID, customers), (Kind.ANONYMOUS, visitors)):
        if hashes:
            parts.append(
                "SELECT value_hash, id, customer_id FROM customers_identifier"
                f" WHERE kind = '{kind.value}' AND value_hash = ANY(%s::varchar[])"
            )
            values.append(text_array(hashes))
    if not parts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return {value: Actor(pk, owner) for value, pk, owner in cursor.fetchall()}
