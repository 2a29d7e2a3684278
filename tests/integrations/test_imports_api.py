"""Imports over REST: by form or body, dry or for real; scopes, repeats, mistakes."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import jobs
from accounts.models import Job, Scope
from customers.models import Customer
from integrations.models import ImportRun
from tests.factories.accounts import make_key
from tests.factories.shop_files import SHOPIFY_ORDERS

pytestmark = pytest.mark.django_db
PEOPLE = b"customer_id,email\n1,a@b.example\n2,bad\n"


@pytest.fixture
def alice():
    return {"Authorization": f"Api-Key {make_key('alice', scopes=[Scope.IMPORTS_READ, Scope.IMPORTS_WRITE])}"}


@pytest.fixture
def bob():
    return {"Authorization": f"Api-Key {make_key('bob', scopes=[Scope.IMPORTS_READ])}"}


def send(headers, query="", body=PEOPLE, kind="text/csv", **more):
    return Client().generic("POST", f"/api/v1/imports{query}", body, kind, headers=headers | more)


def form(headers, **members):
    data = {"file": SimpleUploadedFile("people.csv", PEOPLE), **members}
    return Client().post("/api/v1/imports", data, headers=headers)


def work() -> None:
    for job in Job.objects.filter(state=Job.State.QUEUED):
        jobs.run(job)


def test_the_whole_way(alice):
    answer = form(alice, kind="customers", source="crm", dry_run="true")
    assert answer.status_code == 202, answer.content
    key = answer.json()["id"]
    work()
    found = Client().get(f"/api/v1/imports/{key}", headers=alice).json()
    assert (found["state"], found["file"]) == ("checked", "people.csv")
    assert found["dry_run"] == {"rows": 2, "new": 1, "changed": 0, "known": 0, "rejected": 1}
    errors = Client().get(f"/api/v1/imports/{key}/errors", headers=alice).json()["results"]
    reason = "e-mail: “bad” is not an e-mail address."
    assert errors == [{"line": 3, "reason": reason, "row": ["2", "bad"]}]
    assert Customer.objects.count() == 0
    assert Client().post(f"/api/v1/imports/{key}/run", headers=alice).status_code == 202
    assert Client().post(f"/api/v1/imports/{key}/run", headers=alice).status_code == 409
    work()
    found = Client().get(f"/api/v1/imports/{key}", headers=alice).json()
    assert found["state"] == "done"
    assert found["counts"] == {"rows": 2, "new": 1, "changed": 0, "known": 0, "quarantined": 0, "rejected": 1}
    text = b"".join(Client().get(f"/api/v1/imports/{key}/errors.csv", headers=alice)).decode("utf-8-sig")
    assert text.splitlines()[0] == "line,reason,customer_id,email"
    assert Client().post(f"/api/v1/imports/{key}/cancel", headers=alice).status_code == 409
    assert Client().post(f"/api/v1/imports/{key}/undo", headers=alice).status_code == 202
    work()
    assert Client().get(f"/api/v1/imports/{key}", headers=alice).json()["state"] == "undone"
    assert Customer.objects.count() == 0
    assert len(Client().get("/api/v1/imports", headers=alice).json()["results"]) == 1


def test_a_body_with_a_ready_mapping(alice):
    answer = send(alice, "?mapping=shopify.orders&source=shopify", SHOPIFY_ORDERS.encode())
    assert answer.status_code == 202, answer.content
    work()
    found = Client().get(f"/api/v1/imports/{answer.json()['id']}", headers=alice).json()
    assert (found["kind"], found["counts"]["new"], found["counts"]["rejected"]) == ("orders", 5, 2)


def test_a_mapping_as_json(alice):
    mapping = json.dumps({"Nr": "external_id", "Wer": "email"})
    body = b"Nr|Wer\n7|x@y.example\n"
    answer = Client().post(
        "/api/v1/imports",
        {"file": SimpleUploadedFile("x", body), "kind": "customers", "mapping": mapping},
        headers=alice,
    )
    assert answer.status_code == 202
    work()
    assert Customer.objects.get().external_id == "7"


def test_a_repeat_with_the_same_key_is_one_import(alice):
    first = send(alice, "?kind=customers", **{"Idempotency-Key": "k"})
    again = send(alice, "?kind=customers", **{"Idempotency-Key": "k"})
    other = send(alice, "?kind=customers", PEOPLE + b"3,\n", **{"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert first.json()["id"] == again.json()["id"]
    assert ImportRun.objects.count() == 1


@pytest.mark.parametrize(
    ("query", "body", "status", "kind"),
    [
        ("", PEOPLE, 400, "invalid-request"),
        ("?kind=nonsense", PEOPLE, 400, "invalid-request"),
        ("?kind=customers&source=" + "x" * 51, PEOPLE, 400, "invalid-request"),
        ("?kind=customers", b"", 422, "invalid-file"),
        ("?kind=customers", b"PK\x03\x04xl/", 422, "invalid-file"),
        ("?kind=customers", b"what,ever\n1,2\n", 422, "invalid-mapping"),
        ("?kind=customers&mapping=nope", PEOPLE, 422, "invalid-mapping"),
        ("?kind=customers&mapping=shopify.orders", PEOPLE, 422, "invalid-mapping"),
        ("?kind=customers&options=%7B%22decimal%22:1%7D", PEOPLE, 422, "invalid-mapping"),
        ("?kind=customers", b"customer_id,birthday\n1,03/04/1990\n", 422, "invalid-mapping"),
        ("?kind=customers&source=%00", PEOPLE, 400, "invalid-request"),
    ],
)
def test_mistakes_are_told_and_leave_nothing_behind(alice, files, query, body, status, kind):
    answer = send(alice, query, body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/api/problems#{kind}")
    assert ImportRun.objects.count() == 0 and list(files.iterdir()) == []


def test_scopes(alice, bob):
    assert send({}, "?kind=customers").status_code == 401
    assert send(bob, "?kind=customers").status_code == 403
    key = send(alice, "?kind=customers").json()["id"]
    assert Client().get(f"/api/v1/imports/{key}", headers=bob).status_code == 200
    for verb in ("run", "cancel", "undo"):
        assert Client().post(f"/api/v1/imports/{key}/{verb}", headers=bob).status_code == 403
    unknown = "/api/v1/imports/00000000-0000-7000-8000-000000000000"
    assert Client().get(unknown, headers=bob).status_code == 404
