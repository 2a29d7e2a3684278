"""How partner systems sign in to the REST interface: `Authorization: Api-Key …`, with scopes.

Browsers sign in with a publishable key, either so or, where they cannot set headers, by a member of
the body: `navigator.sendBeacon` knows no headers, and addresses end up in logs.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import permissions
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts import origins
from accounts.keys import verify_key
from accounts.models import ApiKey
from core import clock

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module by the settings

SCHEME = "Api-Key"


class ApiKeyAuthentication(BaseAuthentication):
    """Authenticate by the key in the Authorization header; `request.auth` is the ApiKey."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        """Return the key's caller, or None when the header is of another scheme or missing."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        return AnonymousUser(), open_with(secret.strip(), request)

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a missing key is answered with 401."""
        return SCHEME


class WriteKeyAuthentication(BaseAuthentication):
    """Authenticate by the user name of Basic authentication, or by the body's member `write_key`.

    `writeKey` is the same, in Segment's spelling. Only a body that is an object is looked into.
    """

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        """Return the key's caller, or None when there is no key."""
        secret = _basic_user(request.headers.get("Authorization", ""))
        if not secret and isinstance(request.data, dict):
            secret = next((request.data[n] for n in ("write_key", "writeKey") if request.data.get(n)), None)
        if not isinstance(secret, str) or not secret:
            return None
        return AnonymousUser(), open_with(secret.strip(), request)

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a missing key is answered with 401."""
        # Not “Basic”: a browser would ask the visitor for a password.
        return SCHEME


def open_with(secret: str, request: Request) -> ApiKey:
    """Return the living key, or raise: 401 for an unknown one, 403 from a website that is not the key's."""
    key = verify_key(secret, clock.now())
    if key is None:
        raise AuthenticationFailed(
            "This API key is unknown or revoked. Make a new one under Team & settings."
        )
    if key.is_publishable and not origins.may_use(key, request._request):
        raise PermissionDenied(
            "This key may not be used on this website. Make a key for the website under Data → Website."
        )
    return key


def _basic_user(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


class HasScope(permissions.BasePermission):
    """Allow a key that carries the view's scope.

    Views state `scopes = {"GET": Scope.…, "POST": Scope.…}`; a method that has a handler but no scope is
    refused. A method that the view does not have is let through to its 405, and any key may ask for OPTIONS.
    A publishable key opens only views that say `publishable = True`, whatever its scopes.
    """

    message = "This API key does not carry the scope that the call needs."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Compare the key's scopes with the one the method needs."""
        if not isinstance(request.auth, ApiKey):
            return False
        if request.auth.is_publishable and not getattr(view, "publishable", False):
            return False
        method = request.method or ""
        if method == "OPTIONS" or method not in view.allowed_methods:
            return True
        scopes: dict[str, Any] = getattr(view, "scopes", {})
        needed = scopes.get("GET" if method == "HEAD" else method)
        return needed is not None and needed in request.auth.scopes


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the key in the OpenAPI document."""

    target_class = ApiKeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme object."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key rp_….…`",
        }


class WriteKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the write key in the OpenAPI document."""

    target_class = WriteKeyAuthentication
    name = "WriteKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme object."""
        return {
            "type": "http",
            "scheme": "basic",
            "description": "The write key as the user name, without a password; or `writeKey` in the body.",
        }
