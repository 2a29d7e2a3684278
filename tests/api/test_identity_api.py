"""Identifiers, merges, consents, export and erasure over REST."""

import re

import pytest

from accounts.models import AuditEntry, Scope
from core.encryption import keyed_hash
from customers.models import Consent, Customer, ErasureRequest, HouseholdMember, Identifier, MergeProposal
from customers.tasks import erase_waiting
from events.models import Event
from tests.api.conftest import Partner
from tests.api.test_access import problem
from tests.factories.accounts import make_key
from tests.factories.customers import NOW, make_customer
from tests.factories.events import event

ONE = "/api/v1/customers/ada"
CALLS = [
    ("GET", "/api/v1/customers?email=a@example.com"),
    ("DELETE", ONE),
    ("POST", f"{ONE}/merge"),
    ("GET", f"{ONE}/export"),
    ("GET", f"{ONE}/consents"),
    ("POST", f"{ONE}/consents"),
    ("POST", "/api/v1/merges/1/undo"),
    ("GET", "/api/v1/erasures/00000000-0000-0000-0000-000000000001"),
]


@pytest.fixture(autouse=True)
def journal(settings, tmp_path):
    settings.ERASURE_JOURNAL = tmp_path / "erasures.jsonl"


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_the_scope_nothing_is_told_or_done(bob, charlie, method, path):
    make_customer("ada", email="a@example.com")
    problem(bob.call(method, path, {}), 403)
    problem(charlie.call(method, path, {}), 401)
    reader = Partner(make_key("reader", scopes=[Scope.CUSTOMERS_READ]))
    if method != "GET":
        problem(reader.call(method, path, {}), 403)
    assert Customer.objects.count() == 1
    assert not ErasureRequest.objects.exists()


@pytest.mark.parametrize(("method", "path"), CALLS[1:])
def test_who_or_what_is_unknown_is_404(alice, method, path):
    problem(alice.call(method, path, {"from": "x"} if path.endswith("merge") else None), 404)


def test_identifiers_come_in_and_their_kinds_go_out(alice):
    body = {
        "email": "Ada@Example.com",
        "identifiers": {
            "wechat_openid": "oLVPpjqs9B", "handle": "Weibo:@Ada", "household": "h1", "device": "tv",
        },
    }  # fmt: skip
    assert alice.call("PUT", ONE, body).status_code == 201
    answer = alice.call("GET", ONE).json()
    assert {i["kind"] for i in answer["recognised_by"]} == {
        "external_id", "email", "wechat_openid", "handle", "device",
    }  # fmt: skip
    assert "oLVPpjqs9B" not in str(answer)
    assert "identifiers" not in answer
    assert HouseholdMember.objects.get().customer.external_id == "ada"
    for query in ("email=ADA@example.com", "wechat_openid=oLVPpjqs9B", "handle=weibo:ada", "external_id=ada"):
        found = alice.call("GET", f"/api/v1/customers?{query}").json()["results"]
        assert [c["external_id"] for c in found] == ["ada"], query
    assert alice.call("GET", "/api/v1/customers?email=bob@example.com").json() == {"results": []}


@pytest.mark.parametrize(
    "query",
    ["", "?name=x", "?email=a@example.com&phone=1", "?email=nobody", "?phone=%00", "?external_id=%00"],
)
def test_a_lookup_names_one_identifier(alice, query):
    problem(alice.call("GET", f"/api/v1/customers{query}"), 400)


@pytest.mark.parametrize(
    ("identifiers", "field"),
    [
        ({"handle": "ada"}, "identifiers.handle"),
        ({"wechat_openid": "a b"}, "identifiers.wechat_openid"),
        ({"device": "a\u200bb"}, "identifiers.device"),
        ({"nickname": "x"}, "identifiers"),
        ({"device": "\0"}, "identifiers"),
        ([], "identifiers"),
        ("x", "identifiers"),
        ({"device": 1.5e300}, None),
    ],
)
def test_identifiers_that_are_none_are_named(alice, identifiers, field):
    answer = alice.call("PUT", ONE, {"identifiers": identifiers})
    if field:
        assert list(problem(answer, 400)["errors"]) == [field]
        assert not Customer.objects.exists()
    else:
        assert answer.status_code < 500


def test_somebody_elses_openid_is_refused_and_proposed(alice):
    make_customer("bob", identifiers={"wechat_openid": "oLVPpjqs9B"})
    make_customer("ada")
    body = {"external_id": "ada", "phone": "+12025550123", "identifiers": {"wechat_openid": "oLVPpjqs9B"}}
    answer = alice.call("POST", "/api/v1/customers", [body, {"external_id": "eve"}])
    assert answer.json()["rejected"][0]["errors"].keys() == {"identifiers.wechat_openid"}
    assert MergeProposal.objects.count() == 1
    assert not Identifier.objects.filter(kind="phone").exists()


def test_merges_by_rule_when_the_shop_says_so(alice, settings):
    settings.CUSTOMERS_MERGE = "auto"
    bob = make_customer("bob", email="one@example.com", phone="+12025550123")
    answer = alice.call("PUT", ONE, {"email": "one@example.com", "first_name": "Ada"})
    assert answer.status_code == 201
    one = Customer.objects.get()
    assert (one.pk, one.external_id, one.first_name, one.phone) == (bob.pk, "bob", "Ada", "+12025550123")
    assert alice.call("GET", ONE).json()["external_id"] == "bob"


def test_a_record_completes_who_was_known_by_an_address(alice):
    alice.call("POST", "/api/v1/events", event("m1"))
    stub = Customer.objects.create(
        external_id="0198", own_id=False, is_stub=True, created_at=NOW, updated_at=NOW
    )
    Identifier.objects.create(
        kind="email", value_hash=keyed_hash("email", "ada@example.com"), customer=stub, created_at=NOW
    )
    assert alice.call("PUT", ONE, {"email": "ada@example.com"}).status_code in (200, 201)
    assert Customer.objects.get(external_id="ada").pk == stub.pk
    # Known by another id already: the stub joins that record.
    stub2 = Customer.objects.create(
        external_id="0199", own_id=False, is_stub=True, created_at=NOW, updated_at=NOW
    )
    Identifier.objects.create(
        kind="phone", value_hash=keyed_hash("phone", "+12025550123"), customer=stub2, created_at=NOW
    )
    assert alice.call("PATCH", ONE, {"phone": "+1 202 555 0123"}).status_code == 200
    assert not Customer.objects.filter(pk=stub2.pk).exists()
    assert Identifier.objects.get(kind="phone").customer_id == stub.pk


def test_a_merge_and_its_undo(alice):
    alice.call("POST", "/api/v1/events", [event("m1", customer="ada"), event("m2", customer="bob")])
    answer = alice.call("POST", f"{ONE}/merge", {"from": "bob"})
    assert answer.status_code == 200
    merge = answer.json()
    assert (merge["kept"], merge["merged"], merge["undone_at"]) == ("ada", "bob", None)
    assert set(Event.objects.values_list("customer__external_id", flat=True)) == {"ada"}
    assert alice.call("GET", "/api/v1/customers/bob").json()["external_id"] == "ada"
    problem(alice.call("POST", f"{ONE}/merge", {"from": "bob"}), 409)
    undone = alice.call("POST", f"/api/v1/merges/{merge['id']}/undo")
    assert undone.status_code == 200
    assert undone.json()["undone_at"]
    assert dict(Event.objects.values_list("message_id", "customer__external_id")) == {
        "m1": "ada",
        "m2": "bob",
    }
    problem(alice.call("POST", f"/api/v1/merges/{merge['id']}/undo"), 409)
    problem(alice.call("POST", "/api/v1/merges/99999999999999999999999/undo"), 404)
    assert set(AuditEntry.objects.values_list("actor", flat=True)) == {"alice"}


@pytest.mark.parametrize("body", [{}, {"from": None}, {"from": "\0"}, {"from": ["a"]}, {"to": "x"}, [], "x"])
def test_broken_merges_are_problems(alice, body):
    make_customer("ada")
    problem(alice.call("POST", f"{ONE}/merge", body), 400)


def test_consents_are_told_and_read(alice):
    make_customer("ada")
    said = {"channel": "email", "granted": True, "source": "checkout", "proof": {"ip": "none"}}
    assert alice.call("POST", f"{ONE}/consents", said).status_code == 200
    late = {**said, "granted": False, "occurred_at": "2020-01-01T00:00:00Z"}
    states = alice.call("POST", f"{ONE}/consents", late).json()["consents"]
    assert [(s["channel"], s["topic"], s["granted"]) for s in states] == [("email", "marketing", True)]
    assert alice.call("GET", f"{ONE}/consents").json()["consents"] == states
    future = {**said, "occurred_at": "2999-01-01T00:00:00Z"}
    assert list(problem(alice.call("POST", f"{ONE}/consents", future), 400)["errors"]) == ["occurred_at"]
    for bad in ({"channel": "fax"}, {"granted": "perhaps"}, {"source": "x" * 51}, {"proof": "\0"}):
        problem(alice.call("POST", f"{ONE}/consents", {**said, **bad}), 400)
    assert Consent.objects.count() == 1


def test_export_and_erasure(alice):
    make_customer("ada", email="ada@example.com")
    alice.call("POST", "/api/v1/events", event("m1", customer="ada"))
    body = alice.call("GET", f"{ONE}/export").json()
    assert body["customer"]["email"] == "ada@example.com"
    assert len(body["data"]["events.event"]) == 1
    answer = alice.call("DELETE", ONE, **{"Idempotency-Key": "k"})
    assert answer.status_code == 202
    asked = answer.json()
    assert (asked["state"], asked["finished_at"]) == ("waiting", None)
    assert alice.call("DELETE", ONE).json()["id"] == asked["id"]
    erase_waiting()
    done = alice.call("GET", f"/api/v1/erasures/{asked['id']}").json()
    assert (done["state"], done["rows"]["events.event"]) == ("done", 1)
    problem(alice.call("GET", ONE), 404)
    assert not re.search(r"\bada\b", str(AuditEntry.objects.values()))  # the letters may stand in an id
