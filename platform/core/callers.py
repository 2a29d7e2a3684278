"""From where a request comes."""

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request


def client_address(request: HttpRequest | Request) -> str:
    """Return the address that calls: the one that our own proxy wrote last, where there is one.

    A client may send the header of `settings.CLIENT_ADDRESS_HEADER` too; only the last entry is the proxy's.
    """
    if name := settings.CLIENT_ADDRESS_HEADER:
        return request.headers.get(name, "").rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
