"""How partner systems sign in to the REST interface: `Authorization: Api-Key …`, with scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import permissions
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

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
        key = verify_key(secret.strip(), clock.now())
        if key is None:
            raise AuthenticationFailed(
                "This API key is unknown or revoked. Make a new one under Team & settings."
            )
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a missing key is answered with 401."""
        return SCHEME


class HasScope(permissions.BasePermission):
    """Allow a key that carries the view's scope.

    Views state `scopes = {"GET": Scope.…, "POST": Scope.…}`; a method that has a handler but no scope is
    refused. A method that the view does not have is let through to its 405, and any key may ask for OPTIONS.
    """

    message = "This API key does not carry the scope that the call needs."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Compare the key's scopes with the one the method needs."""
        if not isinstance(request.auth, ApiKey):
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
