"""Calls to servers that others name, which must not be led into our own network.

The name is resolved by us, every address it has must be public, and the connection goes to the checked
address: a name that resolves differently a moment later changes nothing. Redirects are not followed.
On what is private see RFC 6890; for the addresses that carry an IPv4 address inside, RFC 4291, RFC 3056
and RFC 6052.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson
import urllib3
from django.conf import settings
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from delivery.channels.base import OutcomeUnknown, ProviderUnreachable, TransportError

#: Longer answers are cut: nobody needs them, and they might never end.
LONGEST_ANSWER = 64 * 1024
#: A provider that asks for a longer pause than this is asked again earlier.
LONGEST_PAUSE = timedelta(hours=6)
_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

#: Returns the IP addresses of a host name. Raises OSError.
Resolver = Callable[[str, int], Sequence[str]]


class AddressRefused(ValueError):
    """The address is malformed, or leads to a place that must not be called. The text says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the parsed body. Raises OutcomeUnknown: who answers garbage may have taken the message."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise OutcomeUnknown("The provider's answer cannot be read.") from error

    def members(self) -> dict[str, Any]:
        """Return the parsed body, which must be an object. Raises OutcomeUnknown."""
        found = self.json()
        if not isinstance(found, dict):
            raise OutcomeUnknown("The provider's answer cannot be read.")
        return found


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host by the system's resolver, which also reads 0x7f000001 and 127.1."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the open Internet, also where it hides in another one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def check_address(url: str, *, resolver: Resolver = resolve) -> tuple[SplitResult, int, str]:
    """Return the parts of an address, its port and the IP address to call.

    Raises AddressRefused when it is malformed or any of its IP addresses is not public, unless the host
    stands in `DELIVERY_PRIVATE_HOSTS`; ProviderUnreachable when the name cannot be resolved.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        host = parts.hostname or ""
    except ValueError as error:
        raise AddressRefused("This is not an address.") from error
    if parts.scheme not in _PORTS or not host or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise AddressRefused("Write the address with https:// and a host.")
    if parts.username or parts.password:
        raise AddressRefused("The address must not hold a user name or password.")
    try:
        found = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise ProviderUnreachable(f"The name {host} cannot be resolved.") from error
    if not found:
        raise ProviderUnreachable(f"The name {host} cannot be resolved.")
    if host not in settings.DELIVERY_PRIVATE_HOSTS and not all(map(is_public, found)):
        raise AddressRefused("The address leads into a private network and is not called.")
    return parts, port, found[0]


class HttpClient:
    """Kept connections to the servers that were checked. Not safe for several threads."""

    def __init__(self, *, seconds: float | None = None, resolver: Resolver | None = None) -> None:
        self.seconds = settings.DELIVERY_HTTP_SECONDS if seconds is None else seconds
        self.resolver = resolver or resolve
        self._pools: dict[tuple[str, str, int, str], urllib3.HTTPConnectionPool] = {}

    def close(self) -> None:
        """Close what is open."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post and return whatever was answered.

        Raises TransportError (permanent) for an address that is refused, ProviderUnreachable when
        nothing was handed over, OutcomeUnknown when the answer did not come.
        """
        try:
            parts, port, ip = check_address(url, resolver=self.resolver)
        except AddressRefused as error:
            raise TransportError(str(error), permanent=True) from error
        pool = self._pool(parts, port, ip)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        until = time.monotonic() + self.seconds
        try:
            response = pool.urlopen(
                "POST", target, body=body, headers={**headers, "Host": parts.netloc},
                redirect=False, retries=False, preload_content=False, assert_same_host=False,
            )  # fmt: skip
        except (NewConnectionError, ConnectTimeoutError, NameResolutionError, SSLError) as error:
            raise ProviderUnreachable(
                f"{parts.hostname} cannot be reached ({type(error).__name__})."
            ) from error
        except (ValueError, UnicodeError) as error:
            raise TransportError("A header cannot be sent: it holds a line break.", permanent=True) from error
        except (HTTPError, OSError) as error:
            raise OutcomeUnknown(f"{parts.hostname} never answered ({type(error).__name__}).") from error
        try:
            return Answer(response.status, dict(response.headers), _read(response, until))
        except (HTTPError, OSError) as error:
            response.close()
            raise OutcomeUnknown(f"{parts.hostname} broke off ({type(error).__name__}).") from error

    def _pool(self, parts: SplitResult, port: int, ip: str) -> urllib3.HTTPConnectionPool:
        host = parts.hostname or ""
        key = (parts.scheme, host, port, ip)
        if key not in self._pools:
            timeout = urllib3.Timeout(connect=min(5.0, self.seconds), read=self.seconds)
            if parts.scheme == "https":
                pool: urllib3.HTTPConnectionPool = urllib3.HTTPSConnectionPool(
                    ip, port, timeout=timeout, maxsize=1, server_hostname=host, assert_hostname=host
                )
            else:
                pool = urllib3.HTTPConnectionPool(ip, port, timeout=timeout, maxsize=1)
            self._pools[key] = pool
        return self._pools[key]


def _read(response: urllib3.BaseHTTPResponse, until: float) -> bytes:
    """Read at most the longest answer, and no longer than `until`: servers may drip for ever."""
    body = b""
    while len(body) < LONGEST_ANSWER and (part := response.read1(8192)):
        body += part
        if time.monotonic() > until:
            response.close()
            raise TimeoutError
    if len(body) < LONGEST_ANSWER:
        response.release_conn()
    else:
        response.close()
    return body[:LONGEST_ANSWER]


def require_success(answer: Answer, *, now: datetime) -> None:
    """Return for 2xx; else raise what the status means for the message.

    401 and 403 are about our account and say nothing about the message, so it was not tried.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    if status in (401, 403):
        raise ProviderUnreachable(f"The provider does not accept our account ({status}).")
    if status in (408, 425, 429) or status >= 500:
        pause = retry_after(answer, now=now)
        raise TransportError(f"The provider asks to wait ({status}).", permanent=False, retry_after=pause)
    if 300 <= status < 400:
        raise TransportError(f"The provider redirects, which is not followed ({status}).", permanent=True)
    raise TransportError(f"The provider refused ({status}).", permanent=True)


def retry_after(answer: Answer, *, now: datetime) -> timedelta | None:
    """Return the pause of a Retry-After header (RFC 9110 §10.2.3), or None without one."""
    text = next((v for k, v in answer.headers.items() if k.lower() == "retry-after"), "").strip()
    try:
        pause = timedelta(seconds=int(text)) if text.isdigit() else parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(pause, timedelta(0)), LONGEST_PAUSE)
