"""Asking the DNS; whoever checks a domain may bring a resolver of his own."""

from typing import Protocol

import dns.exception
import dns.resolver

#: Seconds for one question, all name servers together.
LIFETIME = 3.0


class DnsFailed(Exception):
    """No answer came; that is not the same as an answer that there is nothing."""


class Resolver(Protocol):
    """What a check asks."""

    def txt(self, name: str) -> list[str]:
        """Return the TXT records of a name; none is an empty list. Raises DnsFailed."""

    def mx(self, name: str) -> list[str]:
        """Return the mail servers of a name, the preferred first. Raises DnsFailed."""


class SystemResolver:
    """The name servers that this machine is configured with."""

    def __init__(self) -> None:
        try:
            self._resolver: dns.resolver.Resolver | None = dns.resolver.Resolver()
        except dns.exception.DNSException:  # no configuration on this machine
            self._resolver = None

    def txt(self, name: str) -> list[str]:
        """Return the TXT records, their parts joined."""
        return [b"".join(record.strings).decode("utf-8", "replace") for record in self._ask(name, "TXT")]

    def mx(self, name: str) -> list[str]:
        """Return the mail servers."""
        records = sorted(self._ask(name, "MX"), key=lambda record: record.preference)
        return [str(record.exchange).rstrip(".") for record in records]

    def _ask(self, name: str, kind: str):  # type: ignore[no-untyped-def]
        if self._resolver is None:
            raise DnsFailed("This machine has no name server.")
        try:
            return list(self._resolver.resolve(name, kind, lifetime=LIFETIME))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise DnsFailed(type(error).__name__) from error
