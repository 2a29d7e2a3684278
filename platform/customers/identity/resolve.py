"""From what an event or a record says about somebody to the identifier and the customer it means.

All functions take a constant number of queries, insert in sorted order and are safe under rivals:
existing customers first, then identifiers, as everywhere. They run best inside the transaction whose
rows refer to the answer.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from core.encryption import encrypt, keyed_hash
from core.ids import uuid7
from customers.identity.actors import (
    Actor,
    claim_identifiers,
    customer_ids,
    insert_missing_customers,
    owners,
)
from customers.identity.kinds import PERSONAL, Kind, rank
from customers.identity.proposals import propose
from customers.registries import followers

Key = tuple[str, str]


class Reference(NamedTuple):
    """An identifier as somebody was named by it; `value` is normalised (see kinds.normalise)."""

    kind: str
    value: str


def resolve_actors(references: Sequence[Reference], now: datetime, *, create: bool) -> list[Actor | None]:
    """Return the actor of each reference, in its order.

    Unknown ones become stubs when `create`, else None: an `external_id` a customer of that id, an address
    or openid a customer with an id of ours, which the partner's own record later takes over; an
    `anonymous` visitor and a `household` an actor without a customer. One query when all are known, at
    most six otherwise; 1,000 known ones take about 10 ms.
    """
    hashes = _hashes(references)
    found = owners(hashes.values())
    if create and (unknown := {r: k for r, k in hashes.items() if k not in found}):
        found |= _create(unknown, now)
    return [found.get(hashes[reference]) for reference in references]


def resolve_people(
    people: Sequence[Collection[Reference]], now: datetime, *, create: bool
) -> list[Actor | None]:
    """Return one actor for each person named by one or more references.

    The strongest reference says who it is; the person's other identifiers become this customer's where
    they were nobody's. One that is another customer's stays there: two real customers are proposed for a
    merge when it is a personal one (e-mail, phone, openid). A household is joined, never claimed.
    """
    ordered = [sorted(set(person), key=lambda r: (rank(r.kind), r.value)) for person in people]
    if create:
        _lock_named(ordered)
    actors = resolve_actors([person[0] for person in ordered], now, create=create)
    extra = [
        (reference, actor.customer_id)
        for person, actor in zip(ordered, actors, strict=True)
        if actor is not None and actor.customer_id is not None
        for reference in person[1:]
    ]
    if create and extra:
        link([(customer_id, reference) for reference, customer_id in extra], now)
    return actors


def link(pairs: Sequence[tuple[int, Reference]], now: datetime) -> None:
    """Give identifiers to the customers who came with them, unless they are somebody else's.

    What is another customer's and personal becomes a merge proposal. Anonymous visitors join with
    their history; households are joined as one of several members. Six queries at most.
    """
    hashes = _hashes([reference for _, reference in pairs])
    visitors = [(hashes[r][1], c) for c, r in pairs if r.kind == Kind.ANONYMOUS]
    households = {c: hashes[r] for c, r in pairs if r.kind == Kind.HOUSEHOLD}
    own = [(c, r) for c, r in pairs if r.kind not in (Kind.ANONYMOUS, Kind.HOUSEHOLD)]
    now_owned = claim_identifiers([(*hashes[r], c) for c, r in own], now)
    propose(
        (
            (c, owner, r.kind)
            for c, r in own
            if r.kind in PERSONAL and (owner := now_owned[hashes[r]].customer_id) not in (c, None)
        ),
        now,
    )
    _fill_addresses([(c, r) for c, r in own if now_owned[hashes[r]].customer_id == c])
    join_hashed(visitors, now)
    join_households(households, now)


def join_visitors(pairs: Sequence[tuple[str, int]], now: datetime) -> int:
    """Make anonymous visitors the customers they turned out to be; return how many were joined.

    Pairs are (anonymous id, normalised; customer id). Their earlier events follow by actor. A visitor who
    is somebody's already stays there: a shared browser belongs to who signed in first. Events of a
    batch that is under way meanwhile follow within a minute (see merging.settle). Three queries.
    """
    return join_hashed(
        [(keyed_hash(Kind.ANONYMOUS, anonymous), customer) for anonymous, customer in pairs], now
    )


@transaction.atomic
def join_hashed(pairs: Sequence[tuple[str, int]], now: datetime) -> int:
    """Join visitors given by their keyed hashes; see join_visitors."""
    first = dict(reversed(pairs))
    if not first:
        return 0
    wanted = sorted(first)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_identifier AS i (kind, value_hash, customer_id, created_at, joined_at)"
            " SELECT %s, hash, c.id, %s, %s FROM unnest(%s::varchar[], %s::bigint[]) AS t(hash, owner)"
            " JOIN customers_customer c ON c.id = t.owner ORDER BY hash"
            " ON CONFLICT (kind, value_hash) DO UPDATE"
            " SET customer_id = excluded.customer_id, joined_at = excluded.joined_at"
            " WHERE i.customer_id IS NULL RETURNING i.id, i.customer_id",
            [Kind.ANONYMOUS.value, now, now, wanted, [first[h] for h in wanted]],
        )
        joined: list[tuple[int, int]] = cursor.fetchall()
    if joined:
        for _, follower in followers:
            follower.join(joined, now)
    return len(joined)


def join_households(members: Mapping[int, Key], now: datetime) -> None:
    """Put customers into households, keyed (kind, value hash); who was in another one moves. Two queries."""
    if not members:
        return
    actors = claim_identifiers([(*key, None) for key in members.values()], now)
    people = sorted(members)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_householdmember (customer_id, household_id, since)"
            " SELECT c, h, %s FROM unnest(%s::bigint[], %s::bigint[]) AS t(c, h) ORDER BY c"
            " ON CONFLICT (customer_id) DO UPDATE SET household_id = excluded.household_id,"
            " since = excluded.since WHERE customers_householdmember.household_id <> excluded.household_id",
            [now, people, [actors[members[c]].identifier_id for c in people]],
        )


def _lock_named(people: Sequence[Sequence[Reference]]) -> None:
    """Lock the customers whose records may be completed, before any identifier: the order of all writers."""
    firsts = _hashes([person[0] for person in people if len(person) > 1])
    found = {actor.customer_id for actor in owners(firsts.values()).values() if actor.customer_id}
    if found:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM customers_customer WHERE id = ANY(%s) ORDER BY external_id FOR NO KEY UPDATE",
                [list(found)],
            )


def _hashes(references: Collection[Reference]) -> dict[Reference, Key]:
    return {r: (str(r.kind), keyed_hash(r.kind, r.value)) for r in set(references)}


def _create(unknown: Mapping[Reference, Key], now: datetime) -> dict[Key, Actor]:
    """Make customers and identifiers for references that nobody has. Four to six queries.

    Identifiers of other kinds are inserted without a customer first and locked in order; whoever holds
    the lock makes the customer, so rivals for one address find it made.
    """
    named = {r.value: key for r, key in unknown.items() if r.kind == Kind.EXTERNAL_ID}
    with transaction.atomic():
        insert_missing_customers(named, now, stub=True)
        ids = customer_ids(list(named))
        claims: list[tuple[str, str, int | None]] = [(*key, ids[value]) for value, key in named.items()]
        claims += [(*key, None) for r, key in unknown.items() if r.kind != Kind.EXTERNAL_ID]
        found = claim_identifiers(claims, now)
        orphans = {
            key: r
            for r, key in unknown.items()
            if r.kind not in (Kind.EXTERNAL_ID, Kind.ANONYMOUS, Kind.HOUSEHOLD)
            and found[key].customer_id is None
        }
        return found | _adopt(orphans, now) if orphans else found


def _adopt(orphans: Mapping[Key, Reference], now: datetime) -> dict[Key, Actor]:
    """Make a customer for each identifier that is still nobody's, under a lock."""
    keys = sorted(orphans)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.kind, i.value_hash FROM customers_identifier i"
            " JOIN unnest(%s::varchar[], %s::varchar[]) AS t(kind, hash)"
            " ON i.kind = t.kind AND i.value_hash = t.hash WHERE i.customer_id IS NULL"
            " ORDER BY i.kind, i.value_hash FOR NO KEY UPDATE OF i",
            [[k for k, _ in keys], [h for _, h in keys]],
        )
        free = [key for key in map(tuple, cursor.fetchall()) if key in orphans]
        made = {key: str(uuid7()) for key in free}
        emails = [orphans[key].value if key[0] == Kind.EMAIL else None for key in free]
        phones = [orphans[key].value if key[0] == Kind.PHONE else None for key in free]
        cursor.execute(
            "INSERT INTO customers_customer (external_id, first_name, last_name, email, email_domain, phone,"
            " birth_month_day, locale, time_zone, country, attributes, no_profiling, is_stub, own_id,"
            " created_at, updated_at)"
            " SELECT id, '', '', email, domain, phone, '', '', '', '', '{}', false, true, false, %s, %s"
            " FROM unnest(%s::varchar[], %s::text[], %s::varchar[], %s::text[])"
            " AS t(id, email, domain, phone) RETURNING external_id, id",
            [
                now, now, list(made.values()),
                [encrypt(e) if e else None for e in emails],
                [e.rpartition("@")[2] if e else "" for e in emails],
                [encrypt(p) if p else None for p in phones],
            ],
        )  # fmt: skip
        ids: dict[str, int] = dict(cursor.fetchall())
    own = [(Kind.EXTERNAL_ID.value, keyed_hash(Kind.EXTERNAL_ID, name), pk) for name, pk in ids.items()]
    claim_identifiers([*((*key, ids[name]) for key, name in made.items()), *own], now)
    return owners(keys)


def _fill_addresses(pairs: Collection[tuple[int, Reference]]) -> None:
    """Write e-mails and phones that customers came with into their records where these have none."""
    for column, kind in (("email", Kind.EMAIL), ("phone", Kind.PHONE)):
        values = {customer: r.value for customer, r in pairs if r.kind == kind}
        if not values:
            continue
        people = sorted(values)
        domain = ", email_domain = t.domain" if kind == Kind.EMAIL else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE customers_customer c SET {column} = t.value{domain}"  # noqa: S608 (our own names)
                " FROM unnest(%s::bigint[], %s::text[], %s::varchar[]) AS t(id, value, domain)"
                f" WHERE c.id = t.id AND c.{column} IS NULL",
                [
                    people,
                    [encrypt(values[c]) for c in people],
                    [values[c].rpartition("@")[2] for c in people],
                ],
            )
