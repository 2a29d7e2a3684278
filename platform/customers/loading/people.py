"""Customers in bulk: a set-based upsert of thousands of rows that can be taken back exactly.

Where customers.services.upsert_customers takes what one caller says, this takes files: an empty cell leaves
a field as it is, own attributes are added to those there are, a row without the partner's id finds its
customer by e-mail or phone, and rows that change nothing touch nothing. Who somebody is, they answer alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, OperationalError, connection, transaction

from core.copy import copy_columns
from core.encryption import decrypt, encrypt, normalise_email
from core.snapshots import blank, copy_in, next_ids, restore, snapshot
from customers.identity import claim_identifiers, insert_missing_customers
from customers.identity.merging import BY_RULE, merge, older_first
from customers.identity.proposals import propose
from customers.loading.changes import Change
from customers.loading.wishes import EMAIL, PHONE, Key, Owner, Resolution, Wish, read_wishes, resolve
from customers.models import Customer, Identifier
from customers.registries import watchers

#: Columns that are written as they come.
_PLAIN = ("first_name", "last_name", "locale", "time_zone", "country", "no_profiling")
_ATTEMPTS = 4
#: A row's two addresses can lead to two people, and these to one of them.
_MERGINGS = 3


@dataclass(slots=True)
class Loaded:
    """What became of the rows: key and external id of each by index, counts, refusals by index, changes."""

    ids: dict[int, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: dict[int, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)


class _Rival(Exception):
    """Somebody made the same person in this very moment; the block is tried again."""


def load_people(rows: Sequence[Mapping[str, Any]], now: datetime, *, gentle: bool = False) -> Loaded:
    """Store people by `external_id`, else by `email`, else by `phone`; who is unknown is created.

    Members are those of customers.services.FIELDS and `known_since`; absent ones stay, `attributes` are
    merged. Somebody known by an address only becomes the customer whose id comes with that address. An
    address that belongs to somebody else rejects its row, and the pair is proposed for a merge. `gentle` is
    for what a row about something else says by the way, as an order its buyer: it fills what is missing,
    changes nothing that is there, and leaves out addresses of others.
    A dozen queries whatever the number of rows, but for merges by rule; 5,000 new people take about 0.5 s,
    half of it in PostgreSQL's indexes. Runs in the caller's transaction.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with transaction.atomic():
                return _load(rows, now, gentle)
        except (IntegrityError, _Rival, OperationalError):
            # A rival committed the same people or locked them the other way round: look again.
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def weigh_people(rows: Sequence[Mapping[str, Any]], seen: dict[Key, str], *, gentle: bool = False) -> Loaded:
    """Say what load_people would do without writing or locking anything.

    `seen` carries from block to block whose addresses and ids the file itself has named already.
    """
    wishes, refused = read_wishes(rows, gentle=gentle)
    found = resolve(wishes, seen, gentle=gentle, merging=True)
    result = Loaded(rejected=refused | found.refused)
    merging = {wish.index for wish, _owner in found.merges}
    for wish in found.good:
        if wish.target is not None:
            result.ids[wish.index] = wish.target
            result.changed += 1
        elif wish.key in seen or wish.index in merging:
            result.changed += 1
        else:
            result.created += 1
        seen.setdefault(wish.key, wish.external_id)
    return result


def _load(rows: Sequence[Mapping[str, Any]], now: datetime, gentle: bool) -> Loaded:
    wishes, refused = read_wishes(rows, gentle=gentle)
    found = _resolved(wishes, now, gentle)
    propose(found.proposals, now)
    result = Loaded(rejected=refused | found.refused)
    people = _people(found.good)
    known = _locked(people)
    born = [key for key in people if isinstance(key, str)]
    ids: dict[int | str, int] = dict(zip(born, next_ids(Customer, len(born)), strict=True))
    ids |= {pk: pk for pk in known}
    empty = blank(Customer)
    new: list[dict[str, Any]] = []
    changed: list[str] = []
    claims: dict[Key, int] = {}
    moved: dict[str, list[int]] = {EMAIL: [], PHONE: []}
    for key, group in people.items():
        pk = ids[key]
        before = known.get(key) if isinstance(key, int) else None
        after = dict(before or empty)
        if before is None:
            after |= {
                "id": pk, "external_id": key, "created_at": _since(group, now), "updated_at": now,
                "is_stub": False, "own_id": any(wish.given for wish in group),
            }  # fmt: skip
        for wish in group:
            for kind in _apply(after, wish, known=before is not None, gentle=gentle):
                moved[kind].append(pk)
            if before is None or wish.given:
                claims[wish.key] = pk
            for kind, (_n, value) in wish.addresses.items():
                claims[kind, value] = pk
        if before is None:
            new.append(after)
            result.created += 1
            result.changes.append(Change(pk, True, None, now))
        elif after != before:
            after |= {"updated_at": now, "is_stub": False}
            changed.append(orjson.dumps(after).decode())
            result.changed += 1
            result.changes.append(Change(pk, False, orjson.dumps({"row": before}).decode(), now))
        else:
            result.unchanged += 1
        result.changed += len(group) - 1
        for wish in group:
            result.ids[wish.index] = pk
            result.names[wish.index] = after["external_id"]
    copy_in(Customer, new)
    restore(Customer, changed)
    gone = _forget(moved, claims)
    result.changes = [_with_identifiers(change, gone) for change in result.changes]
    _claim(claims, found.owners, now)
    if result.changes:
        for _name, watcher in watchers:
            watcher.changed([change.object_id for change in result.changes], now)
    return result


def _resolved(wishes: Sequence[Wish], now: datetime, gentle: bool) -> Resolution:
    """Resolve wishes, merging by rule where they show that two customers are one."""
    for _turn in range(_MERGINGS):
        found = resolve(wishes, {}, gentle=gentle, merging=True)
        if not found.merges:
            return found
        for wish, owner in found.merges:
            _merge(wish, owner, now)
    return resolve(wishes, {}, gentle=gentle, merging=False)


def _merge(wish: Wish, owner_id: int, now: datetime) -> None:
    """Make a row's customer and the owner of its address one. Who is gone was merged for another row."""
    if wish.target is None:
        insert_missing_customers([wish.external_id], now, stub=False)
        mine = Customer.objects.get(external_id=wish.external_id)
        claim_identifiers([(*wish.key, mine.pk)], now)
    else:
        mine = Customer.objects.filter(pk=wish.target).first()
    other = Customer.objects.filter(pk=owner_id).first()
    if mine and other and mine != other:
        kept, merged = older_first(mine, other)
        merge(kept, merged, now=now, actor="rule", reason=BY_RULE)


def _people(wishes: Sequence[Wish]) -> dict[int | str, list[Wish]]:
    """Gather the rows of each person; new people stand under their external id, in sorted order."""
    people: dict[int | str, list[Wish]] = {}
    for wish in wishes:
        people.setdefault(wish.external_id if wish.target is None else wish.target, []).append(wish)
    return dict(sorted(people.items(), key=lambda item: (isinstance(item[0], str), item[0])))


def _locked(people: Mapping[int | str, list[Wish]]) -> dict[int, dict[str, Any]]:
    """Lock who is known, in the order of all writers, and return their rows. Raises _Rival when they changed.

    Gone is who was merged meanwhile; and of two files that complete somebody only the first may.
    """
    targets = [key for key in people if isinstance(key, int)]
    known = snapshot(Customer, targets, order="external_id")
    if len(known) != len(targets):
        raise _Rival
    if any(wish.completes and known[pk]["own_id"] for pk in targets for wish in people[pk]):
        raise _Rival
    return known


def _since(group: list[Wish], now: datetime) -> datetime:
    return min((w.row["known_since"] for w in group if w.row.get("known_since")), default=now)


def _apply(after: dict[str, Any], wish: Wish, *, known: bool, gentle: bool) -> list[str]:
    """Write a row's members into the customer's columns. Return the kinds of address that changed."""
    row, moved = wish.row, []
    if wish.completes:
        after |= {"external_id": wish.external_id, "own_id": True}
    for name in _PLAIN:
        if name in row and not (gentle and after[name]):
            after[name] = row[name]
    if own := row.get("attributes"):
        after["attributes"] = {**(after["attributes"] or {}), **own}
    if row.get("birthday") and not (after["birthday"] and decrypt(after["birthday"]) == row["birthday"]):
        after["birthday"] = encrypt(row["birthday"])
        after["birth_month_day"] = row["birthday"][5:10]
    for kind, (normalised, _h) in wish.addresses.items():
        if after[kind] and (gentle or _same(kind, decrypt(after[kind]), normalised)):
            continue
        if after[kind] and known:
            moved.append(kind)
        after[kind] = encrypt(row["email"] if kind == EMAIL else normalised)
        if kind == EMAIL:
            after["email_domain"] = normalised.rpartition("@")[2]
    if wish.given and not gentle:
        after["is_stub"] = False
    return moved


def _same(kind: str, stored: str, normalised: str) -> bool:
    return (normalise_email(stored) if kind == EMAIL else stored) == normalised


def _forget(moved: dict[str, list[int]], claims: Mapping[Key, int]) -> dict[int, list[Any]]:
    """Free the addresses that customers no longer have, and return those identifiers by customer."""
    pairs = [(kind, pk) for kind, ids in moved.items() for pk in ids]
    if not pairs:
        return {}
    gone: dict[int, list[Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_identifier i USING unnest(%s::varchar[], %s::bigint[]) AS t(kind, pk)"
            " WHERE i.kind = t.kind AND i.customer_id = t.pk AND NOT i.value_hash = ANY(%s)"
            " RETURNING i.customer_id, to_jsonb(i)",
            [[kind for kind, _pk in pairs], [pk for _k, pk in pairs], [value for _kind, value in claims]],
        )
        for pk, row in cursor.fetchall():
            gone.setdefault(pk, []).append(orjson.loads(row) if isinstance(row, str) else row)
    return gone


def _with_identifiers(change: Change, gone: dict[int, list[Any]]) -> Change:
    if change.object_id not in gone or change.before is None:
        return change
    before = {**orjson.loads(change.before), "identifiers": gone[change.object_id]}
    return Change(change.object_id, change.created, orjson.dumps(before).decode(), change.stamp)


def _claim(claims: Mapping[Key, int], owners: Mapping[Key, Owner], now: datetime) -> None:
    """Make identifiers their customers': those that nobody has by COPY, in the order of all writers."""
    new = sorted(key for key in claims if key not in owners)
    if new:
        copy_columns(
            Identifier._meta.db_table,
            {
                "kind": [kind for kind, _value in new],
                "value_hash": [value for _kind, value in new],
                "customer_id": [str(claims[key]) for key in new],
                "created_at": [now.isoformat()] * len(new),
            },
        )
    nobodys = [(*key, claims[key]) for key in claims if key in owners and owners[key].customer_id is None]
    taken = claim_identifiers(nobodys, now)
    if any(taken[kind, value].customer_id != pk for kind, value, pk in nobodys):
        raise _Rival
