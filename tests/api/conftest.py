"""Clients of partner systems: Alice may do everything, Bob may do nothing, Charlie's key is revoked."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey, Scope
from tests.factories.accounts import NOW, make_key


class Partner:
    """A client that signs in with a key and speaks JSON."""

    def __init__(self, secret: str) -> None:
        self.headers = {"Authorization": f"Api-Key {secret}"}
        self.client = Client(raise_request_exception=True)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call and return the response. Bytes go as they are, everything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body)
        content = headers.pop("content_type", "application/json")
        return self.client.generic(
            method, path, b"" if body is None else data, content, headers=self.headers | headers
        )


@pytest.fixture
def alice(db):
    return Partner(make_key("alice"))


@pytest.fixture
def bob(db):
    return Partner(make_key("bob", scopes=[Scope.SEGMENTS_READ]))


@pytest.fixture
def charlie(db):
    secret = make_key("charlie")
    ApiKey.objects.filter(name="charlie").update(revoked_at=NOW)
    return Partner(secret)
