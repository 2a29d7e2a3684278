"""Addresses of channels that reach every customer by the public id."""

from collections.abc import Sequence

from core.encryption import keyed_hash
from customers.models import Customer, Identifier


class ByCustomerId:
    """Addresses that are the customer's own public id: everybody has one."""

    def addresses(self, customers: Sequence[Customer]) -> dict[int, str]:
        """Return the customers' public ids. No query."""
        return {customer.pk: customer.external_id for customer in customers}

    def address_hash(self, address: str) -> str:
        """Return the keyed hash under which the id stands among the identifiers."""
        return keyed_hash(Identifier.Kind.EXTERNAL_ID, address)
