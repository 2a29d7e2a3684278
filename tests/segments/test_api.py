"""Segments over REST."""

import pytest
from django.test import Client

from accounts.keys import create_key
from accounts.models import AuditEntry, Scope
from segments.models import Segment
from segments.services import refresh_segment
from tests.segments.conftest import AS_OF

RULE = {"event": "purchase", "within_days": 10}


@pytest.fixture
def alice(shop, settings):
    """A caller who may read and write segments and read customers."""
    settings.SHOP_AS_OF = AS_OF.isoformat()
    return caller([Scope.SEGMENTS_READ, Scope.SEGMENTS_WRITE, Scope.CUSTOMERS_READ])


def caller(scopes):
    _key, secret = create_key(name="Alice's shop", scopes=scopes, now=AS_OF)
    return Client(headers={"Authorization": f"Api-Key {secret}"})


def post(client, path, body):
    return client.post(f"/api/v1{path}", body, content_type="application/json")


def test_make_list_and_read_a_segment(alice, shop):
    for number in range(3):
        shop.event(shop.customer(f"c{number}"), 2)
    answer = post(alice, "/segments", {"name": "Recent", "rule": RULE})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["slug"], body["size"], body["sentence"]) == ("recent", None, "Bought in the last 10 days.")
    assert AuditEntry.objects.get(action="segment.created").actor == "Alice's shop"
    refresh_segment(Segment.objects.get(pk=body["id"]), as_of=AS_OF, now=AS_OF)
    listed = alice.get("/api/v1/segments").json()["results"]
    assert next(row for row in listed if row["slug"] == "recent")["size"] == 3
    page = alice.get(f"/api/v1/segments/{body['id']}/members?limit=2").json()
    assert [row["customer"] for row in page["results"]] == ["c0", "c1"]
    assert [row["customer"] for row in alice.get(page["next"]).json()["results"]] == ["c2"]


def test_preview(alice, shop):
    shop.event(shop.customer("c0"), 2)
    answer = post(alice, "/segments/preview/", {"rule": RULE})
    assert answer.status_code == 200
    assert answer.json()["size"] == 1
    assert set(answer.json()) == {
        "size", "total", "reachable", "channels", "conditions", "sample", "ms", "withheld",
    }  # fmt: skip
    assert [person["customer"] for person in answer.json()["sample"]] == ["c0"]
    assert answer.json()["withheld"] == []
    assert answer.json()["conditions"] == [{"path": "", "size": 1}]
    assert not Segment.objects.filter(ready_made=False).exists()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/segments", {"name": "x"}, 400),
        ("/segments", {"rule": RULE}, 400),
        ("/segments", {"name": "x", "rule": RULE, "colour": "red"}, 400),
        ("/segments", {"name": "x", "rule": {"field": "nope", "op": "eq"}}, 422),
        ("/segments", {"name": "x", "rule": []}, 422),
        ("/segments", {"name": "x", "slug": "champions", "rule": RULE}, 409),
        ("/segments", {"name": "x", "slug": "not a slug", "rule": RULE}, 400),
        ("/segments", [], 400),
        ("/segments/preview", {}, 400),
        ("/segments/preview", {"rule": {"event": "sneeze"}}, 422),
        ("/segments/preview", {"rule": None}, 400),
        ("/segments/preview", {"rule": {"field": "customer.country", "op": "eq", "value": "\ud800"}}, 422),
    ],
)
def test_bad_input_gets_problem_details(as_migrated, alice, path, body, status):
    answer = post(alice, path, body)
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert not Segment.objects.filter(ready_made=False).exists()


def test_the_place_of_the_error_is_told(alice):
    answer = post(alice, "/segments/preview", {"rule": {"all": [RULE, {"event": "sneeze"}]}})
    assert answer.json()["path"] == "all[1].event"
    assert "sneeze" in answer.json()["detail"]


def test_who_may_read_may_not_write(alice):
    bob = caller([Scope.SEGMENTS_READ])
    assert bob.get("/api/v1/segments").status_code == 200
    assert post(bob, "/segments", {"name": "x", "rule": RULE}).status_code == 403
    assert post(bob, "/segments/preview", {"rule": RULE}).status_code == 200
    charlie = caller([Scope.CUSTOMERS_READ])
    assert charlie.get("/api/v1/segments").status_code == 403
    assert Client().get("/api/v1/segments").status_code == 401
    assert not Segment.objects.filter(ready_made=False).exists()


def test_an_unknown_segment_is_not_found(alice):
    answer = alice.get("/api/v1/segments/01890000-0000-7000-8000-000000000000/members")
    assert answer.status_code == 404


def test_change_explain_and_remove(as_migrated, alice, shop):
    shop.customer("c0")
    made = post(alice, "/segments", {"name": "Recent", "rule": RULE}).json()
    path = f"/api/v1/segments/{made['id']}"
    body = {"rule": {"segment": "champions"}}
    changed = alice.patch(path, body, content_type="application/json")
    assert (changed.status_code, changed.json()["version"], changed.json()["name"]) == (200, 2, "Recent")
    circle = alice.patch(path, {"rule": {"segment": "recent"}}, content_type="application/json")
    assert (circle.status_code, circle.json()["path"]) == (422, "segment")
    said = post(alice, "/segments/explain", {"rule": RULE})
    assert said.json() == {"sentence": "Bought in the last 10 days."}
    other = post(alice, "/segments", {"name": "Other", "rule": {"segment": "recent"}}).json()
    refused = alice.delete(path)
    assert (refused.status_code, refused.json()["used_by"]) == (409, ["Other"])
    assert alice.delete(f"/api/v1/segments/{other['id']}").status_code == 204
    assert alice.delete(path).status_code == 204
    assert alice.get(path).status_code == 404


def test_a_list_over_rest(alice, shop):
    shop.customer("c0")
    guests = post(alice, "/segments", {"name": "Guests", "kind": "static"}).json()
    path = f"/segments/{guests['id']}"
    answer = post(alice, f"{path}/members", {"add": ["c0", "c9"]})
    assert answer.json() == {"entered": 1, "left": 0, "size": 1, "unknown": ["c9"]}
    why = alice.get(f"/api/v1{path}/why?customer=c0").json()
    assert (why["member"], why["listed"], why["tree"]) == (True, True, None)
    assert alice.get(f"/api/v1{path}/why?customer=c9").status_code == 404
    assert post(alice, f"{path}/members", {"remove": ["c0"]}).json()["size"] == 0
    assert alice.patch(f"/api/v1{path}", {"rule": RULE}, content_type="application/json").status_code == 400
    reader = caller([Scope.SEGMENTS_READ])
    assert post(reader, f"{path}/members", {"add": ["c0"]}).status_code == 403
    assert reader.delete(f"/api/v1{path}").status_code == 403
    assert reader.get("/api/v1/segments/schema").status_code == 200


def test_why_over_rest(alice, shop):
    shop.event(shop.customer("c0"), 2)
    made = post(alice, "/segments", {"name": "Recent", "rule": {"all": [RULE]}}).json()
    why = alice.get(f"/api/v1/segments/{made['id']}/why?customer=c0").json()
    assert (why["member"], why["listed"], why["tree"]["parts"][0]["value"]) == (True, False, 1)


def test_a_list_is_renamed_without_its_kind_being_told_and_its_members_by_names(alice, shop):
    shop.customer("c0")
    made = post(alice, "/segments", {"name": "VIPs", "kind": "static"}).json()
    path = f"/api/v1/segments/{made['id']}"
    answer = alice.put(path, {"name": "Best"}, content_type="application/json")
    assert (answer.status_code, answer.json()["name"], answer.json()["kind"]) == (200, "Best", "static")
    body = {"add": ["c0", "nobody"]}
    told = {"entered": 1, "left": 0, "size": 1, "unknown": ["nobody"]}
    assert post(alice, f"/segments/{made['id']}/members", body).json() == told
    told = {"entered": 0, "left": 1, "size": 0, "unknown": []}
    assert post(alice, f"/segments/{made['id']}/members", {"remove": ["c0"]}).json() == told
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "segment.created", "segment.changed", "segment.list_add", "segment.list_remove",
    ]  # fmt: skip


def test_a_short_name_that_others_use_is_not_changed(alice, shop):
    made = post(alice, "/segments", {"name": "Recent", "rule": RULE}).json()
    post(alice, "/segments", {"name": "Others", "rule": {"not": {"segment": "recent"}}})
    answer = alice.patch(f"/api/v1/segments/{made['id']}", {"slug": "fresh"}, content_type="application/json")
    assert (answer.status_code, answer.json()["used_by"]) == (409, ["Others"])
    assert alice.get(f"/api/v1/segments/{made['id']}").json()["slug"] == "recent"


def test_what_is_known_of_people_needs_the_right_to_read_customers(alice, shop):
    shop.event(shop.customer("c0", country="FR"), 2)
    country = {"field": "customer.country", "op": "eq", "value": "FR"}
    made = post(alice, "/segments", {"name": "French", "rule": {"all": [RULE, {"not": country}]}}).json()
    bob = caller([Scope.SEGMENTS_READ])
    seen = post(bob, "/segments/preview", {"rule": made["rule"]}).json()
    assert (seen["size"], [row["size"] for row in seen["conditions"]], seen["sample"]) == (
        0,
        [0, 1, 0, 1],
        None,
    )
    assert seen["withheld"] == [{"member": "sample", "scope": "customers:read"}]
    path = f"/api/v1/segments/{made['id']}/why?customer=c0"
    told = bob.get(path).json()
    bought, other = told["tree"]["parts"]
    assert [(part["fits"], part["value"]) for part in (bought, other, other["parts"][0])] == [
        (True, None), (False, None), (True, None),
    ]  # fmt: skip
    assert told["withheld"] == [{"member": "value", "scope": "customers:read"}]
    assert "FR" not in str([bought, other["value"], other["parts"][0]["value"]])
    full = alice.get(path).json()
    assert (full["tree"]["parts"][1]["parts"][0]["value"], full["withheld"]) == ("FR", [])
