"""Customers in bulk: a set-based upsert of thousands of rows, and its exact undo.

Where services.upsert_customers takes what one caller says, this takes files: an empty cell leaves a field
as it is, own attributes are added to those there are, a row without the partner's id finds its customer by
e-mail or phone, and rows that change nothing touch nothing. Whom we know by an address alone, as the buyers
of an export of orders, has an id of ours until the row comes that brings the partner's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from core.encryption import decrypt, encrypt, keyed_hash, normalise_email, normalise_phone
from core.snapshots import blank, delete, insert, next_ids, restore, snapshot
from customers.identity.actors import claim_identifiers, owners
from customers.loading.changes import Change
from customers.models import Customer, Identifier
from customers.selectors import external_id_hash

#: Columns that are written as they come.
_PLAIN = ("first_name", "last_name", "locale", "time_zone", "country", "no_profiling")
_ID, _EMAIL, _PHONE = (
    kind.value for kind in (Identifier.Kind.EXTERNAL_ID, Identifier.Kind.EMAIL, Identifier.Kind.PHONE)
)
_ATTEMPTS = 4


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


@dataclass(slots=True)
class _Wish:
    """A row with its addresses normalised and hashed, and whom it is about."""

    index: int
    row: Mapping[str, Any]
    addresses: dict[str, tuple[str, str]]  # kind → (normalised, hash)
    external_id: str
    given: bool
    target: int | None = None


@dataclass(slots=True)
class _Known:
    """Whom the rows may be about: owners by (kind, hash) and id, and who has an id of ours."""

    owners: dict[tuple[str, str], int]
    living: dict[str, int]
    nameless: set[int]

    def by_id(self, external_id: str) -> int | None:
        """Return the customer of that id, or of that other name."""
        return self.living.get(external_id) or self.owners.get((_ID, external_id_hash(external_id)))


class _Rival(Exception):
    """Somebody made the same person in this very moment; the block is tried again."""


def load_people(rows: Sequence[Mapping[str, Any]], now: datetime, *, gentle: bool = False) -> Loaded:
    """Store people by `external_id`, else by `email`, else by `phone`; who is unknown is created.

    Members are those of customers.services.FIELDS and `known_since`; absent ones stay, `attributes` are
    merged. An address that belongs to somebody else rejects its row. `gentle` is for what a row about
    something else says by the way, as an order its buyer: it fills what is missing, changes nothing that
    is there, and leaves out addresses of others.
    Ten queries whatever the number of rows; 5,000 take about 1 s, most of it in encryption and phone
    numbers. Runs in the caller's transaction.
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


def weigh_people(
    rows: Sequence[Mapping[str, Any]], seen: dict[tuple[str, str], str], *, gentle: bool = False
) -> Loaded:
    """Say what load_people would do without writing or locking anything.

    `seen` carries from block to block whose addresses and ids the file itself has named already.
    """
    result = Loaded()
    wishes = _resolved(_wishes(rows, result, gentle), result, gentle, seen)
    for wish in wishes:
        key = (_ID, external_id_hash(wish.external_id))
        if wish.target is not None:
            result.ids[wish.index] = wish.target
            result.changed += 1
        elif key in seen:
            result.changed += 1
        else:
            result.created += 1
        seen.setdefault(key, wish.external_id)
    return result


def _load(rows: Sequence[Mapping[str, Any]], now: datetime, gentle: bool) -> Loaded:
    result = Loaded()
    wishes = _resolved(_wishes(rows, result, gentle), result, gentle, {})
    people = _people(wishes)
    known = snapshot(Customer, [target for target in people if isinstance(target, int)])
    if len(known) != sum(isinstance(target, int) for target in people):
        raise _Rival
    born = [key for key in people if isinstance(key, str)]
    ids: dict[int | str, int] = dict(zip(born, next_ids(Customer, len(born)), strict=True))
    ids |= {pk: pk for pk in known}
    empty = blank(Customer)
    new, changed, claims = [], [], []
    moved: dict[str, list[int]] = {_EMAIL: [], _PHONE: []}
    for key, group in people.items():
        before = known.get(key) if isinstance(key, int) else None
        after = dict(before or empty)
        if before is None:
            after |= {
                "id": ids[key],
                "external_id": key,
                "own_id": any(wish.given for wish in group),
                "created_at": _since(group, now),
                "is_stub": False,
            }
            claims.append((_ID, external_id_hash(str(key)), ids[key]))
        for wish in group:
            if wish.given and not after["own_id"] and wish.external_id != after["external_id"]:
                after |= {"external_id": wish.external_id, "own_id": True}
                claims.append((_ID, external_id_hash(wish.external_id), ids[key]))
            for kind in _apply(after, wish, known=before is not None, gentle=gentle):
                moved[kind].append(ids[key])
            claims += [(kind, value_hash, ids[key]) for kind, (_n, value_hash) in wish.addresses.items()]
        if before is None:
            after["updated_at"] = now
            new.append(orjson.dumps(after).decode())
            result.created += 1
            result.changes.append(Change(ids[key], True, None, now))
        elif after != before:
            after["updated_at"] = now
            after["is_stub"] = False
            changed.append(orjson.dumps(after).decode())
            result.changed += 1
        else:
            result.unchanged += 1
        result.changed += len(group) - 1
        for wish in group:
            result.ids[wish.index] = ids[key]
            result.names[wish.index] = after["external_id"]
        if before is not None and after != before:
            result.changes.append(Change(ids[key], False, orjson.dumps({"row": before}).decode(), now))
    insert(Customer, sorted(new))
    restore(Customer, changed)
    gone = _forget(moved, claims)
    result.changes = [_with_identifiers(change, gone) for change in result.changes]
    _claim(claims, now)
    return result


def _since(group: list[_Wish], now: datetime) -> datetime:
    return min((w.row["known_since"] for w in group if w.row.get("known_since")), default=now)


def _wishes(rows: Sequence[Mapping[str, Any]], result: Loaded, gentle: bool) -> list[_Wish]:
    wishes = []
    for index, row in enumerate(rows):
        country = row.get("country") or row.get("phone_country") or settings.SHOP_COUNTRY
        addresses: dict[str, tuple[str, str]] = {}
        wrong = []
        if row.get("email"):
            try:
                found = normalise_email(row["email"])
                addresses[_EMAIL] = (found, keyed_hash(_EMAIL, found))
            except ValueError:
                wrong.append(_("“%(value)s” is not an e-mail address.") % {"value": row["email"]})
        if row.get("phone"):
            try:
                found = normalise_phone(row["phone"], country)
                addresses[_PHONE] = (found, keyed_hash(_PHONE, found))
            except ValueError:
                wrong.append(
                    _("“%(value)s” is not a phone number. Write it with its country, as +49 30 1234567.")
                    % {"value": row["phone"]}
                )
        external_id = row.get("external_id") or ""
        if wrong and not (gentle and (external_id or addresses)):
            result.rejected[index] = " ".join(wrong)
        elif not external_id and not addresses:
            result.rejected[index] = _("Nobody is named: give an id, an e-mail address or a phone number.")
        else:
            # An address makes the same id each time, so that a file read again meets the same customer.
            made = external_id or next(f"{kind}-{h[:24]}" for kind, (_n, h) in addresses.items())
            wishes.append(_Wish(index, row, addresses, made, bool(external_id)))
    return wishes


def _resolved(
    wishes: list[_Wish], result: Loaded, gentle: bool, seen: dict[tuple[str, str], str]
) -> list[_Wish]:
    """Find whom each row is about, and refuse what names the address of somebody else. Three queries."""
    found = _known(wishes)
    owned, adopted = found.owners, _adopted(wishes, found, seen)
    good = []
    for wish in wishes:
        wish.target = found.by_id(wish.external_id) or adopted.get(wish.external_id)
        if wish.target is None and not wish.given:
            wish.target = next(
                (owned[k, h] for k, (_n, h) in wish.addresses.items() if owned.get((k, h))), None
            )
            if wish.target is None:
                named = (seen.get((k, h)) for k, (_n, h) in wish.addresses.items())
                wish.external_id = next((n for n in named if n), wish.external_id)
        taken = [
            kind
            for kind, (_n, h) in wish.addresses.items()
            if (owned.get((kind, h)) or wish.target) != wish.target
            or (wish.target is None and seen.get((kind, h), wish.external_id) != wish.external_id)
        ]
        if taken and not gentle:
            result.rejected[wish.index] = " ".join(_taken(kind) for kind in taken)
            continue
        for kind in taken:
            del wish.addresses[kind]
        for kind, (_n, h) in wish.addresses.items():
            seen.setdefault((kind, h), wish.external_id)
        good.append(wish)
    return good


def _taken(kind: str) -> str:
    if kind == _EMAIL:
        return _("Another customer has this e-mail address. Merge the two, or leave it out here.")
    return _("Another customer has this phone number. Merge the two, or leave it out here.")


def _adopted(wishes: list[_Wish], found: _Known, seen: Mapping[tuple[str, str], str]) -> dict[str, int]:
    """Return who gets which new id: somebody with an id of ours whose address comes with it, each once."""
    adopted: dict[str, int] = {}
    for wish in wishes:
        if not wish.given or wish.external_id in adopted or found.by_id(wish.external_id):
            continue
        for key in ((kind, h) for kind, (_n, h) in wish.addresses.items()):
            owner = found.owners.get(key)
            if (
                owner is not None
                and owner in found.nameless
                and seen.get(key, wish.external_id) == wish.external_id
            ):
                adopted[wish.external_id] = owner
                found.nameless.discard(owner)
                break
    return adopted


def _known(wishes: list[_Wish]) -> _Known:
    pairs = {(k, h) for w in wishes for k, (_n, h) in w.addresses.items()}
    pairs |= {(_ID, external_id_hash(w.external_id)) for w in wishes}
    owned = {key: actor.customer_id for key, actor in owners(pairs).items() if actor.customer_id}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id, id FROM customers_customer WHERE external_id = ANY(%s)",
            [[w.external_id for w in wishes]],
        )
        living = dict(cursor.fetchall())
        cursor.execute(
            "SELECT id FROM customers_customer WHERE id = ANY(%s) AND NOT own_id", [list(set(owned.values()))]
        )
        return _Known(owned, living, {pk for (pk,) in cursor.fetchall()})


def _people(wishes: list[_Wish]) -> dict[int | str, list[_Wish]]:
    """Gather the rows of each person; new people stand under their external id, in sorted order."""
    people: dict[int | str, list[_Wish]] = {}
    for wish in wishes:
        people.setdefault(wish.external_id if wish.target is None else wish.target, []).append(wish)
    return dict(sorted(people.items(), key=lambda item: (isinstance(item[0], str), item[0])))


def _apply(after: dict[str, Any], wish: _Wish, *, known: bool, gentle: bool) -> list[str]:
    """Write a row's members into the customer's columns. Return the kinds of address that changed."""
    row, moved = wish.row, []
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
        after[kind] = encrypt(row["email"] if kind == _EMAIL else normalised)
        if kind == _EMAIL:
            after["email_domain"] = normalised.rpartition("@")[2]
    if wish.given and not gentle:
        after["is_stub"] = False
    return moved


def _same(kind: str, stored: str, normalised: str) -> bool:
    return (normalise_email(stored) if kind == _EMAIL else stored) == normalised


def _forget(moved: dict[str, list[int]], claims: list[tuple[str, str, int]]) -> dict[int, list[Any]]:
    """Free the addresses that customers no longer have, and return those identifiers by customer."""
    pairs = [(kind, pk) for kind, ids in moved.items() for pk in ids]
    if not pairs:
        return {}
    kept = {value for _k, value, _pk in claims}
    gone: dict[int, list[Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_identifier i USING unnest(%s::varchar[], %s::bigint[]) AS t(kind, pk)"
            " WHERE i.kind = t.kind AND i.customer_id = t.pk AND NOT i.value_hash = ANY(%s)"
            " RETURNING i.customer_id, to_jsonb(i)",
            [[kind for kind, _pk in pairs], [pk for _k, pk in pairs], list(kept)],
        )
        for pk, row in cursor.fetchall():
            gone.setdefault(pk, []).append(orjson.loads(row) if isinstance(row, str) else row)
    return gone


def _with_identifiers(change: Change, gone: dict[int, list[Any]]) -> Change:
    if change.object_id not in gone or change.before is None:
        return change
    before = {**orjson.loads(change.before), "identifiers": gone[change.object_id]}
    return Change(change.object_id, change.created, orjson.dumps(before).decode(), change.stamp)


def _claim(claims: list[tuple[str, str, int]], now: datetime) -> None:
    """Make identifiers their customers'. Mostly all are new or theirs already, which one query settles."""
    wanted = sorted(set(claims))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_identifier AS i (kind, value_hash, customer_id, created_at)"
            " SELECT kind, hash, owner, %s FROM unnest(%s::varchar[], %s::varchar[], %s::bigint[])"
            " AS t(kind, hash, owner) ON CONFLICT (kind, value_hash) DO NOTHING",
            [now, [k for k, _h, _o in wanted], [h for _k, h, _o in wanted], [o for _k, _h, o in wanted]],
        )
        if cursor.rowcount == len(wanted):
            return
    now_owned = claim_identifiers(claims, now)
    if any(now_owned[kind, value].customer_id != pk for kind, value, pk in claims):
        raise _Rival


def take_back_people(changes: Sequence[Change], *, keep: Collection[int]) -> list[int]:
    """Undo what load_people did: delete whom it created, restore whom it changed. Return those left alone.

    Left alone is who carries another moment than the batch's by now, and of the created those in `keep`.
    Their rows come back bit by bit. Runs in the caller's transaction; a constant number of queries.
    """
    by_id = {change.object_id: change for change in changes}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, updated_at FROM customers_customer WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
            [list(by_id)],
        )
        stamps = dict(cursor.fetchall())
    left = [pk for pk, stamp in stamps.items() if stamp != by_id[pk].stamp]
    free = [by_id[pk] for pk, stamp in stamps.items() if stamp == by_id[pk].stamp]
    left += [change.object_id for change in free if change.created and change.object_id in keep]
    doomed = [c.object_id for c in free if c.created and c.object_id not in keep]
    changed = [(c, orjson.loads(c.before or "{}")) for c in free if not c.created]
    delete(Customer, doomed)
    restore(Customer, [orjson.dumps(before["row"]).decode() for _c, before in changed])
    _restore_identifiers(changed)
    return sorted(left)


def _restore_identifiers(changed: list[tuple[Change, dict[str, Any]]]) -> None:
    """Drop the identifiers that the batch made and put the ones back that it replaced."""
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_identifier i USING unnest(%s::bigint[], %s::timestamptz[]) AS t(pk, stamp)"
            " WHERE i.customer_id = t.pk AND i.created_at = t.stamp",
            [[c.object_id for c, _b in changed], [c.stamp for c, _b in changed]],
        )
    rows = [row for _c, before in changed for row in before.get("identifiers", [])]
    insert(Identifier, [orjson.dumps(row).decode() for row in rows])
