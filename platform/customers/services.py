"""Writes of customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from core.encryption import keyed_hash, normalise_email, normalise_phone
from customers.consent import ConsentRow, record_consents, suppress
from customers.identity import claim_identifiers, insert_missing_customers
from customers.models import Customer, Identifier
from customers.selectors import external_id_hash

__all__ = ["ConsentRow", "UpsertResult", "record_consents", "suppress", "upsert_customers"]

#: What a partner may say about a customer beside its id.
FIELDS = (
    "first_name", "last_name", "email", "phone", "birthday", "locale", "time_zone", "country",
    "attributes", "no_profiling",
)  # fmt: skip
_EMPTY: dict[str, Any] = {"email": None, "phone": None, "birthday": None, "no_profiling": False}
_STORED = [*FIELDS, "email_domain", "birth_month_day", "is_stub", "created_at", "updated_at"]
_TAKEN = "Another customer has this {}. Merge the two, or leave it out here."

Errors = dict[str, list[str]]


@dataclass(slots=True)
class UpsertResult:
    """What became of the rows: ids by external id, those that were new, errors by row index."""

    ids: dict[str, int] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    rejected: dict[int, Errors] = field(default_factory=dict)


@transaction.atomic
def upsert_customers(
    rows: Sequence[Mapping[str, Any]], now: datetime, *, replace: bool = False
) -> UpsertResult:
    """Store customers by their `external_id`: absent fields stay, None clears.

    With `replace`, absent fields are cleared as well. `known_since` gives the moment from which a new
    customer is known. A row whose e-mail or phone is malformed or belongs to somebody else is rejected
    whole; the others are stored. A constant number of queries; 1,000 rows take about 250 ms.
    """
    result = UpsertResult()
    addresses = [_addresses(row, index, result.rejected) for index, row in enumerate(rows)]
    good = [i for i in range(len(rows)) if i not in result.rejected]
    wanted = {rows[i]["external_id"] for i in good}
    since = {rows[i]["external_id"]: rows[i]["known_since"] for i in good if rows[i].get("known_since")}
    result.created = insert_missing_customers(wanted, now, stub=False, since=since)
    # Locked in one order, so that two batches about the same people wait instead of blocking each other.
    customers = {
        c.external_id: c
        for c in Customer.objects.filter(external_id__in=wanted)
        .order_by("external_id")
        .select_for_update(no_key=True)
    }
    _claim(rows, addresses, good, customers, result, now)
    stored = {}
    for i in good:
        if i not in result.rejected:
            customer = customers[rows[i]["external_id"]]
            _apply(customer, rows[i], addresses[i], replace, now)
            stored[customer.external_id] = customer
    _drop_unstored(result, set(stored), customers)
    Customer.objects.bulk_create(
        stored.values(), update_conflicts=True, unique_fields=["id"], update_fields=_STORED, batch_size=5000
    )
    _forget_old_addresses(stored.values())
    result.ids = {external_id: customer.pk for external_id, customer in stored.items()}
    return result


def _addresses(row: Mapping[str, Any], index: int, rejected: dict[int, Errors]) -> dict[str, str]:
    """Return the normalised e-mail and phone of a row; what is wrong with them goes to `rejected`."""
    found = {}
    country = row.get("country") or settings.SHOP_COUNTRY
    for kind, normalise in (("email", normalise_email), ("phone", lambda v: normalise_phone(v, country))):
        if value := row.get(kind):
            try:
                found[kind] = normalise(value)
            except ValueError as error:
                rejected.setdefault(index, {})[kind] = [str(error)]
    return found


def _claim(
    rows: Sequence[Mapping[str, Any]],
    addresses: list[dict[str, str]],
    good: list[int],
    customers: dict[str, Customer],
    result: UpsertResult,
    now: datetime,
) -> None:
    """Make each row's identifiers its customer's, and reject the rows whose address is another's."""
    wishes: dict[int, list[tuple[str, str, int]]] = {}
    for i in good:
        owner = customers[rows[i]["external_id"]].pk
        wishes[i] = [(kind, keyed_hash(kind, value), owner) for kind, value in addresses[i].items()]
    ids = [
        (Identifier.Kind.EXTERNAL_ID.value, external_id_hash(external_id), customer.pk)
        for external_id, customer in customers.items()
    ]
    owners = claim_identifiers([*ids, *(wish for row in wishes.values() for wish in row)], now)
    for i, row in wishes.items():
        for kind, value_hash, owner in row:
            if owners[kind, value_hash].customer_id != owner:
                name = "e-mail address" if kind == "email" else "phone number"
                result.rejected.setdefault(i, {})[kind] = [_TAKEN.format(name)]


def _apply(
    customer: Customer, row: Mapping[str, Any], addresses: dict[str, str], replace: bool, now: datetime
) -> None:
    for name in FIELDS:
        if name in row or replace:
            value = row.get(name)
            if value is None:
                value = {} if name == "attributes" else _EMPTY.get(name, "")
            setattr(customer, name, addresses.get(name, value) if name == "phone" else value)
    if "email" in row or replace:
        customer.email_domain = addresses["email"].rpartition("@")[2] if "email" in addresses else ""
    if "birthday" in row or replace:
        customer.birth_month_day = (customer.birthday or "")[5:10]
    customer.is_stub = False
    customer.updated_at = now


def _drop_unstored(result: UpsertResult, stored: set[str], customers: dict[str, Customer]) -> None:
    """Take back the customers that were made for rows that were then rejected."""
    gone = result.created - stored
    if gone:
        Customer.objects.filter(pk__in=[customers[i].pk for i in gone]).delete()
        result.created -= gone


def _forget_old_addresses(customers: Any) -> None:
    """Free the identifiers of addresses that customers no longer have."""
    keep = []
    for customer in customers:
        if customer.email:
            keep.append(keyed_hash("email", normalise_email(customer.email)))
        if customer.phone:
            keep.append(keyed_hash("phone", customer.phone))
    Identifier.objects.filter(kind__in=["email", "phone"], customer_id__in=[c.pk for c in customers]).exclude(
        value_hash__in=keep
    ).delete()
