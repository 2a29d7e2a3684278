"""Keys: what each kind may carry, from where it may be used, and how it ends."""

from datetime import timedelta

import pytest

from accounts import origins
from accounts.keys import OVERLAP, create_key, revoke_key, rotate_key, verify_key
from accounts.models import ApiKey, AuditEntry, Scope, User
from accounts.signatures import is_signed, sign, signing_secret
from tests.factories.accounts import NOW

ORIGIN = "https://shop.example"


def publishable(**options):
    options = {"name": "web", "scopes": [Scope.EVENTS_WRITE], "allowed_origins": [ORIGIN]} | options
    return create_key(now=NOW, kind="publishable", **options)


def test_a_secret_key_is_kept_as_a_hash_and_a_publishable_one_as_it_is(db):
    key, text = create_key(name="server", scopes=[Scope.EVENTS_WRITE], now=NOW, trusted=True)
    assert (key.public_key, key.trusted, key.allowed_origins) == ("", False, [])
    assert text.startswith("rp_")
    key, text = publishable()
    assert (key.public_key, key.allowed_origins) == (text, [ORIGIN])
    assert text.startswith("rpp_")
    assert verify_key(text, NOW) == key


@pytest.mark.parametrize("scope", [s for s in Scope if s not in ("events:write", "recommendations:read")])
def test_a_publishable_key_carries_little(db, scope):
    with pytest.raises(ValueError, match="cannot carry"):
        publishable(scopes=[Scope.EVENTS_WRITE, scope])
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Shop.Example/", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        (" https://bücher.example ", "https://xn--bcher-kva.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_origins_are_written_as_browsers_do(text, origin):
    assert origins.normalise(text) == origin
    assert origins.normalise(origin) == origin


@pytest.mark.parametrize(
    "text",
    ["", "*", "null", "shop.example", "https://", "https://*.shop.example", "https://shop.example/path",
     "https://a b.example", "ftp://shop.example", "https://user@shop.example", "https://shop.example:x",
     "https://shop.example?x", "javascript:alert(1)", "https://a\0b"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text):
    with pytest.raises(ValueError, match="not a website's address"):
        origins.normalise(text)


def test_a_rotated_key_goes_on_for_a_day(db):
    key, old = publishable(trusted=True)
    successor, new = rotate_key(key, now=NOW)
    assert (successor.scopes, successor.allowed_origins, successor.trusted) == (key.scopes, [ORIGIN], True)
    for moment, opens in ((NOW, True), (NOW + OVERLAP - timedelta(seconds=1), True), (NOW + OVERLAP, False)):
        assert (verify_key(old, moment) is not None) is opens
        assert verify_key(new, moment) == successor


def test_a_key_is_revoked_once(db):
    key, text = publishable()
    assert [revoke_key(key, NOW), revoke_key(key, NOW)] == [True, False]
    assert verify_key(text, NOW) is None


def test_a_busy_key_is_read_once_in_ten_seconds(db, django_assert_num_queries):
    key, text = publishable()
    verify_key(text, NOW)
    with django_assert_num_queries(0):
        assert verify_key(text, NOW + timedelta(seconds=9)) == key
        assert verify_key(text[:-1], NOW) is None, "the key is known, its secret is still compared"
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=NOW)  # as another process does
    assert verify_key(text, NOW + timedelta(seconds=10)) is None


def test_a_signature_is_one_customers_and_one_keys(db):
    key, _ = publishable()
    other, _ = publishable()
    assert len(signing_secret(key)) == 64
    assert is_signed(key, "c1", sign(key, "c1"))
    assert is_signed(key, "c1", sign(key, "c1").upper())
    for wrong in (sign(key, "c2"), sign(other, "c1"), "", None, 7, "ä", ["x"]):
        assert not is_signed(key, "c1", wrong)


@pytest.fixture
def alice(db, client):
    user = User.objects.create_superuser("alice", password="x")
    client.force_login(user)
    return client


ADD = "/admin/accounts/apikey/add/"


def test_a_person_makes_a_publishable_key(alice):
    body = {
        "name": "Shop",
        "kind": "publishable",
        "scopes": ["events:write"],
        "allowed_origins": "https://A.example\n",
    }
    page = alice.post(ADD, body, follow=True)
    key = ApiKey.objects.get()
    assert key.allowed_origins == ["https://a.example"]
    assert key.public_key in page.content.decode()
    entry = AuditEntry.objects.get()
    assert entry.action == "api_key.created"
    assert entry.after["kind"] == "publishable"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"allowed_origins": ""}, "at least one website"),
        ({"allowed_origins": "shop"}, "not a website"),
        ({"scopes": ["customers:read"]}, "Everybody can read a publishable key"),
    ],
)
def test_a_person_is_told_what_such_a_key_cannot(alice, fields, sentence):
    body = {
        "name": "x",
        "kind": "publishable",
        "scopes": ["events:write"],
        "allowed_origins": ORIGIN,
    } | fields
    page = alice.post(ADD, body)
    assert page.status_code == 200
    assert sentence in page.content.decode().replace("&#x27;", "'")
    assert not ApiKey.objects.exists()


def test_rotating_in_the_list_shows_the_successor(alice):
    key, _ = publishable()
    body = {"action": "rotate", "_selected_action": [str(key.pk)]}
    page = alice.post("/admin/accounts/apikey/", body, follow=True)
    successor = ApiKey.objects.exclude(pk=key.pk).get()
    assert successor.public_key in page.content.decode()
    assert AuditEntry.objects.get().after == {"successor": successor.prefix}
