"""Reads of customers and of what they agreed to."""

from collections.abc import Iterable

import orjson
from django.db import connection

from core.encryption import keyed_hash
from customers.identity.kinds import normalise
from customers.models import Customer, Identifier


def external_id_hash(external_id: str) -> str:
    """Return the value under which a partner's customer id stands among the identifiers."""
    return keyed_hash(Identifier.Kind.EXTERNAL_ID, external_id)


def by_external_id(external_id: str) -> Customer | None:
    """Return the customer with the partner's id, also after a merge, or None.

    One query for a living record, two for a merged or unknown one.
    """
    if "\0" in external_id:  # PostgreSQL has no such text, so nobody is called so
        return None
    customer = Customer.objects.filter(external_id=external_id).first()
    return customer or _merged(external_id)


def shopper(external_id: str) -> Customer | None:
    """Return the customer as `by_external_id` does, for a till: of a living record, only id and attributes.

    What else is asked of it is read then. One query, in a fifth of the time.
    """
    if not external_id or "\0" in external_id:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, external_id, attributes FROM customers_customer WHERE external_id = %s", [external_id]
        )
        row = cursor.fetchone()
    if row is None:
        return _merged(external_id)
    return Customer.from_db(connection.alias, _SHOPPER, [row[0], row[1], orjson.loads(row[2])])


_SHOPPER = ["id", "external_id", "attributes"]


def _merged(external_id: str) -> Customer | None:
    identifier = (
        Identifier.objects.filter(
            kind=Identifier.Kind.EXTERNAL_ID, value_hash=external_id_hash(external_id), customer__isnull=False
        )
        .select_related("customer")
        .first()
    )
    return identifier.customer if identifier else None


def id_by_external_id(external_id: str) -> int | None:
    """Return the key of the customer with the partner's id, also after a merge, or None.

    One query for a living record, which reads nothing but the key: what a call that is made at every page
    of a website asks.
    """
    if "\0" in external_id:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM customers_customer WHERE external_id = %s", [external_id])
        if row := cursor.fetchone():
            return int(row[0])
    found = by_external_id(external_id)
    return found.pk if found else None


def by_identifier(kind: str, value: str, country: str | None = None) -> Customer | None:
    """Return the customer who is recognised by a value of a kind, or None. One query, exact by keyed hash.

    Raises ValueError with a sentence when the value is no such identifier.
    """
    identifier = (
        Identifier.objects.filter(kind=kind, value_hash=keyed_hash(kind, normalise(kind, value, country)))
        .select_related("customer")
        .first()
    )
    return identifier.customer if identifier else None


def ids_by_external_id(external_ids: Iterable[str]) -> dict[str, int]:
    """Return the primary keys of the living records among the given partner ids. One query."""
    return dict(Customer.objects.filter(external_id__in=list(external_ids)).values_list("external_id", "id"))
