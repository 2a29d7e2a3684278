"""What the rows of a file say about people: read, and resolved to the customers they mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from core.encryption import keyed_hash
from customers.identity.kinds import Kind, normalise
from customers.selectors import external_id_hash

ID, EMAIL, PHONE = Kind.EXTERNAL_ID.value, Kind.EMAIL.value, Kind.PHONE.value
Key = tuple[str, str]


@dataclass(slots=True)
class Wish:
    """A row with its addresses normalised and hashed, and whom it is about."""

    index: int
    row: Mapping[str, Any]
    addresses: dict[str, tuple[str, str]]  # kind → (normalised, hash)
    external_id: str
    #: Whether the id is the partner's own; else it is one of ours, made of an address.
    given: bool
    key: Key
    target: int | None = None
    #: Whether the target is known by an address only, and becomes the partner's customer by this row.
    completes: bool = False

    @property
    def hashed(self) -> list[Key]:
        """Return the addresses as they stand among the identifiers: kind and hash."""
        return [(kind, value) for kind, (_n, value) in self.addresses.items()]


class Owner(NamedTuple):
    """Whose an identifier is: nobody's while it is anonymous, and whether its owner has a partner's id."""

    customer_id: int | None
    own_id: bool


@dataclass(slots=True)
class Resolution:
    """Wishes that can be met; refusals by index; pairs to merge by rule; pairs that seem to be one person."""

    good: list[Wish] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    merges: list[tuple[Wish, int]] = field(default_factory=list)
    proposals: list[tuple[int, int | None, str]] = field(default_factory=list)
    owners: dict[Key, Owner] = field(default_factory=dict)


def read_wishes(rows: Sequence[Mapping[str, Any]], *, gentle: bool) -> tuple[list[Wish], dict[int, str]]:
    """Normalise and hash the addresses of rows; return the wishes, and refusals by index."""
    wishes: list[Wish] = []
    refused: dict[int, str] = {}
    default = settings.SHOP_COUNTRY
    for index, row in enumerate(rows):
        country = row.get("country") or row.get("phone_country") or default
        addresses: dict[str, tuple[str, str]] = {}
        wrong = []
        for kind in (EMAIL, PHONE):
            if value := row.get(kind):
                try:
                    found = normalise(kind, value, country)
                    addresses[kind] = (found, keyed_hash(kind, found))
                except ValueError:
                    wrong.append(_unreadable(kind) % {"value": value})
        external_id = row.get("external_id") or ""
        if wrong and not (gentle and (external_id or addresses)):
            refused[index] = " ".join(wrong)
        elif not external_id and not addresses:
            refused[index] = _("Nobody is named: give an id, an e-mail address or a phone number.")
        else:
            # An address makes the same id each time, so that a file read again meets the same customer.
            name = external_id or next(f"{kind}-{h[:24]}" for kind, (_n, h) in addresses.items())
            key = (ID, external_id_hash(name))
            wishes.append(Wish(index, row, addresses, name, bool(external_id), key))
    return wishes, refused


def _unreadable(kind: str) -> str:
    if kind == EMAIL:
        return _("“%(value)s” is not an e-mail address.")
    return _("“%(value)s” is not a phone number. Write it with its country, as +49 30 1234567.")


def _taken(kind: str) -> str:
    if kind == EMAIL:
        return _("Another customer has this e-mail address. Merge the two, or leave it out here.")
    return _("Another customer has this phone number. Merge the two, or leave it out here.")


def resolve(wishes: Sequence[Wish], seen: dict[Key, str], *, gentle: bool, merging: bool) -> Resolution:
    """Find whom each row is about, and what of it is somebody else's. Two queries.

    `seen` says which external id came with an address before, in this file. Whose address belongs to
    somebody without a partner's id (or to anybody, under CUSTOMERS_MERGE=auto) is to be merged with them
    while `merging`; else the row is refused, or the address left out when `gentle`.
    """
    result = Resolution()
    owners = result.owners = _owners(wishes)
    living = _living(wishes)
    for wish in wishes:
        _find(wish, owners, living, seen)
        taken = []
        for key in wish.hashed:
            owner = owners.get(key)
            if (wish.target is None or wish.completes) and _names_other(wish, key, seen):
                taken.append(key[0])
            elif owner and owner.customer_id not in (None, wish.target):
                if merging and not gentle and (not owner.own_id or settings.CUSTOMERS_MERGE == "auto"):
                    result.merges.append((wish, owner.customer_id))  # type: ignore[arg-type]
                    continue
                taken.append(key[0])
                if wish.target is not None and not wish.completes:
                    result.proposals.append((wish.target, owner.customer_id, key[0]))
        if taken and not gentle:
            result.refused[wish.index] = " ".join(_taken(kind) for kind in taken)
            continue
        for kind in taken:
            del wish.addresses[kind]
        for key in wish.hashed:
            seen.setdefault(key, wish.external_id)
        result.good.append(wish)
    # A row that only names an id is about the one whom another row of the file completes by that id.
    completed = {wish.external_id: wish.target for wish in result.good if wish.completes}
    for wish in result.good:
        if wish.target is None and (target := completed.get(wish.external_id)):
            wish.target, wish.completes = target, True
    return result


def _find(
    wish: Wish, owners: Mapping[Key, Owner], living: Mapping[str, int], seen: Mapping[Key, str]
) -> None:
    """Say whom a wish is about: by its id, also that of a merged customer, else by its addresses."""
    by_id = owners.get(wish.key)
    wish.target = living.get(wish.external_id) or (by_id.customer_id if by_id else None)
    wish.completes = False
    if wish.target is not None:
        return
    for key in wish.hashed:
        owner = owners.get(key)
        if owner is None or owner.customer_id is None:
            continue
        if not wish.given or (not owner.own_id and not _names_other(wish, key, seen)):
            wish.target, wish.completes = owner.customer_id, wish.given
            return
    if not wish.given:
        named = (seen.get(key) for key in wish.hashed)
        if other := next((name for name in named if name), None):
            wish.external_id, wish.key = other, (ID, external_id_hash(other))


def _names_other(wish: Wish, key: Key, seen: Mapping[Key, str]) -> bool:
    return seen.get(key, wish.external_id) != wish.external_id


def _owners(wishes: Sequence[Wish]) -> dict[Key, Owner]:
    pairs = {key for wish in wishes for key in wish.hashed} | {wish.key for wish in wishes}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.kind, i.value_hash, i.customer_id, coalesce(c.own_id, true) FROM customers_identifier i"
            " JOIN unnest(%s::varchar[], %s::varchar[]) AS t(kind, hash)"
            " ON i.kind = t.kind AND i.value_hash = t.hash"
            " LEFT JOIN customers_customer c ON c.id = i.customer_id",
            [[kind for kind, _h in pairs], [value for _k, value in pairs]],
        )
        return {(kind, value): Owner(pk, own) for kind, value, pk, own in cursor.fetchall()}


def _living(wishes: Sequence[Wish]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id, id FROM customers_customer WHERE external_id = ANY(%s)",
            [[wish.external_id for wish in wishes]],
        )
        return dict(cursor.fetchall())
