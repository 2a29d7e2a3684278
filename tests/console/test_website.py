"""Data → Website: Alice makes a key for her shop's pages, and sees when the first event came."""

import pytest

from accounts.keys import create_key
from accounts.models import ApiKey, AuditEntry, User
from accounts.signatures import signing_secret
from events.browser import ingest_for
from tests.factories.accounts import NOW


@pytest.fixture
def alice(db, client):
    client.force_login(User.objects.create_superuser("alice", password="x"))
    return client


def test_a_key_for_a_website_is_one_field_away(alice):
    assert "https://shop.example" in alice.get("/admin/website/").content.decode()
    page = alice.post(
        "/admin/website/key/", {"address": "https://Shop.example/"}, follow=True
    ).content.decode()
    key = ApiKey.objects.get()
    assert (key.kind, key.allowed_origins, key.trusted) == ("publishable", ["https://shop.example"], False)
    assert sorted(key.scopes) == ["events:write", "recommendations:read"]
    assert key.public_key in page
    assert signing_secret(key) in page
    assert AuditEntry.objects.get().action == "api_key.created"


@pytest.mark.parametrize("address", ["", "shop", "https://", "*", "https://x/y", "a\0"])
def test_what_is_no_address_is_said_so(alice, address):
    page = alice.post("/admin/website/key/", {"address": address}, follow=True).content.decode()
    assert "Write the website" in page
    assert not ApiKey.objects.exists()


def test_the_first_event_is_seen(alice):
    key, _ = create_key(
        name="w", kind="publishable", scopes=["events:write"], allowed_origins=["https://a.example"], now=NOW
    )
    seen = f"/admin/website/{key.pk}/seen/"
    assert alice.get(seen).status_code == 200
    ingest_for(key, [{"message_id": "1", "type": "nonsense"}], now=NOW)
    assert alice.get(seen).status_code == 200  # what was refused is no event
    ingest_for(key, [{"message_id": "1", "type": "visit", "anonymous_id": "v"}], now=NOW)
    answer = alice.get(seen)
    assert answer.status_code == 286
    assert "First event seen" in answer.content.decode()
