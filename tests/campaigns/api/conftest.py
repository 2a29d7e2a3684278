"""Calls with a key of all scopes."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Scope
from campaigns.coupons.api import till
from tests.factories.accounts import make_key


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(till, "MISS_SECONDS", 0.0)


@pytest.fixture
def call():
    """Return a function that posts (or gets) with a key of all scopes."""
    cache.clear()
    keys = {}

    def send(path, body=None, *, scopes=tuple(Scope), **headers):
        secret = keys.setdefault(scopes, None) or make_key(f"k{len(keys)}", scopes)
        keys[scopes] = secret
        client = Client(raise_request_exception=False)
        headers = {
            "Authorization": f"Api-Key {secret}",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        if body is None:
            return client.get(f"/api/v1{path}", headers=headers)
        return client.post(f"/api/v1{path}", body, content_type="application/json", headers=headers)

    return send
