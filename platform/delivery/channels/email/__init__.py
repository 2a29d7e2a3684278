"""E-mail over SMTP."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from core.encryption import keyed_hash, normalise_email
from customers.models import Customer
from delivery.channels.base import Connection, Guard
from delivery.channels.email.smtp import SmtpConnection


class EmailChannel:
    """Mail through the server named by EMAIL_URL."""

    def addresses(self, customers: Sequence[Customer]) -> dict[int, str]:
        """Return the mail addresses of those who have a usable one. No query."""
        return {customer.pk: address for customer in customers if (address := _usable(customer.email))}

    def address_hash(self, address: str) -> str:
        """Return the keyed hash of an address."""
        return keyed_hash("email", normalise_email(address))

    def connect(self, guard: Guard | None = None) -> AbstractContextManager[Connection]:
        """Return a connection that opens with its first mail and is kept until the block ends."""
        return SmtpConnection()


def _usable(email: str | None) -> str:
    try:
        return normalise_email(email or "")
    except ValueError:
        return ""
