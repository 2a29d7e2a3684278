"""E-mail over SMTP."""

from contextlib import AbstractContextManager

from core.encryption import keyed_hash, normalise_email
from customers.models import Customer
from delivery.channels.email.smtp import SmtpConnection


class EmailChannel:
    """Mail through the server named by EMAIL_URL."""

    def address(self, customer: Customer) -> str:
        """Return the customer's mail address, or an empty string when there is none that is usable."""
        try:
            return normalise_email(customer.email or "")
        except ValueError:
            return ""

    def address_hash(self, address: str) -> str:
        """Return the keyed hash of an address."""
        return keyed_hash("email", normalise_email(address))

    def connect(self) -> AbstractContextManager[SmtpConnection]:
        """Return a connection that opens with its first mail and is kept until the block ends."""
        return SmtpConnection()
