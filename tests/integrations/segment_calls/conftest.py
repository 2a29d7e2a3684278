"""Clients with each kind of key, speaking as Segment's SDKs do."""

import base64
import json
from typing import Any

import pytest
from django.test import Client

from accounts.keys import create_key
from accounts.models import ApiKey, Scope
from tests.factories.accounts import NOW

ORIGIN = "https://shop.example"


class Sdk:
    """A client with a write key: the Basic user name unless told otherwise."""

    def __init__(self, **options: Any) -> None:
        options = {"name": "web", "scopes": [Scope.EVENTS_WRITE], **options}
        self.key, self.text = create_key(now=NOW, **options)
        self.client = Client(raise_request_exception=True)

    def basic(self) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{self.text}:".encode()).decode()}

    def post(self, call: str, body: Any, *, content_type: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self.client.generic(
            "POST",
            f"/v1/{call}",
            data,
            content_type,
            headers=self.basic() | {k: v for k, v in headers.items() if v},
        )


@pytest.fixture
def server(db):
    """A shop's server: a secret key that may write events."""
    return Sdk()


@pytest.fixture
def page(db):
    """A page of the shop: a publishable key that nobody vouches for."""
    return Sdk(kind=ApiKey.Kind.PUBLISHABLE, allowed_origins=[ORIGIN])


@pytest.fixture
def trusted_page(db):
    """A page of a shop without a server of its own: a publishable key that is trusted."""
    return Sdk(kind=ApiKey.Kind.PUBLISHABLE, allowed_origins=[ORIGIN], trusted=True)
