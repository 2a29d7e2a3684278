"""E-mail: over SMTP, or through providers' APIs."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.encryption import keyed_hash, normalise_email
from customers.models import Channel, Customer
from delivery.channels.base import Connection, Guard
from delivery.channels.email import esp
from delivery.channels.email.smtp import SmtpConnection
from delivery.providers.kinds import Kind, Setting
from delivery.providers.routing import Routed

_SECURITY = (("starttls", _("STARTTLS")), ("tls", _("TLS from the start")), ("none", _("none")))


def connect(configuration: Mapping[str, Any]) -> AbstractContextManager[Connection]:
    """Return a connection to another mail server than the one of EMAIL_URL."""
    return SmtpConnection(
        host=configuration["host"],
        port=int(configuration.get("port") or 587),
        username=configuration.get("username", ""),
        password=configuration.get("password", ""),
        use_tls=configuration.get("security") == "starttls",
        use_ssl=configuration.get("security") == "tls",
    )


SMTP = Kind(
    name="email-smtp",
    title=_("Mail server (SMTP)"),
    channel=Channel.EMAIL,
    open=connect,
    settings=(
        Setting("host", _("Host")),
        Setting("port", _("Port"), default="587"),
        Setting("security", _("Encryption"), choices=_SECURITY, default="starttls"),
        Setting("username", _("User name"), required=False),
        Setting("password", _("Password"), required=False, secret=True),
    ),
)
KINDS = (SMTP, *esp.KINDS)


class EmailChannel:
    """Mail to the customer's address: over the providers, else the server named by EMAIL_URL."""

    def addresses(self, customers: Sequence[Customer]) -> dict[int, str]:
        """Return the mail addresses of those who have a usable one. No query."""
        return {customer.pk: address for customer in customers if (address := _usable(customer.email))}

    def address_hash(self, address: str) -> str:
        """Return the keyed hash of an address."""
        return keyed_hash("email", normalise_email(address))

    def connect(self, guard: Guard | None = None) -> AbstractContextManager[Connection]:
        """Return a connection that opens with its first mail and is kept until the block ends."""
        return Routed(Channel.EMAIL, SmtpConnection, guard)


def _usable(email: str | None) -> str:
    try:
        return normalise_email(email or "")
    except ValueError:
        return ""
