"""What the builder asks while one types: by whom, and what is refused."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from customers.services import upsert_customers
from segments.models import Segment
from tests.console.segments.asking import ASKED, NOW, RULE, as_read, ask, sign_in


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        ("nobody", 403, 403),
        ("viewer", 200, 403),
        ("marketer", 200, 200),
        ("analyst", 200, 200),
        ("approver", 200, 200),
    ],
)
def test_each_role_gets_what_it_may(role, reads, writes, people, segment):
    client = sign_in(role)
    for what, body in ASKED.items():
        if "customer" in body:
            body = body | {"customer": people["c0"]}
        expected = writes if what in ("once", "create") else reads
        assert ask(client, what, body).status_code == expected, what
    own = [f"{segment.pk}/{page}" for page in ("", "edit/", "members/", "company/", "reach/")]
    for path in ("new/", "people/?q=c1", "suggest/?kind=category&q=a", *own):
        assert client.get(f"/admin/segments/{path}").status_code == reads, path
    saved = ask(client, f"{segment.pk}/save", as_read(segment) | {"name": "Other", "rule": RULE})
    assert saved.status_code == writes
    segment.refresh_from_db()
    assert segment.name == ("Other" if writes == 200 else "Germans")
    assert client.post(f"/admin/segments/{segment.pk}/delete/").status_code == 403
    assert Segment.objects.filter(pk=segment.pk).exists()


def test_who_sees_no_customers_gets_figures_only(segment, people):
    client = sign_in("nobody")
    user = User.objects.get(username="nobody")
    user.user_permissions.add(Permission.objects.get(codename="view_segment"))
    answer = ask(client, "preview", {"rule": RULE})
    assert (answer.status_code, answer.json()["size"], answer.json()["sample"]) == (200, 3, [])
    assert ask(client, "why", {"rule": RULE, "customer": people["c0"]}).status_code == 403
    assert client.get("/admin/segments/people/?q=c1").status_code == 403
    assert "No1" not in client.get(f"/admin/segments/{segment.pk}/").content.decode()


def test_the_preview_counts_each_condition_and_names_people(people):
    rule = {"all": [RULE["all"][0], {"not": {"field": "customer.external_id", "op": "eq", "value": "c1"}}]}
    found = ask(sign_in("alice"), "preview", {"rule": rule}).json()
    assert (found["size"], found["total"]) == (2, 5)
    sizes = {one["path"]: one["size"] for one in found["conditions"]}
    assert sizes["all[0]"] == 3 and sizes["all[1]"] == 4
    assert {person["name"] for person in found["sample"]} == {"Ann No0", "Ann No2"}
    assert found["words"]


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"all": [RULE["all"][0], {"field": "nothing", "op": "eq", "value": 1}]}, "all[1].field"),
        ({"all": [{"any": [{"event": "purchase", "within_days": 99999}]}]}, "all[0].any[0].within_days"),
        ({"all": [{"segment": "nowhere"}]}, "all[0].segment"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(people, rule, path):
    client = sign_in("alice")
    for what in ("preview", "create", "once", "overlap"):
        answer = ask(client, what, {"rule": rule, "name": "x", "description": ""})
        assert (answer.status_code, answer.json()["path"]) == (422, path), what
    assert not Segment.objects.filter(ready_made=False).exists()


@pytest.mark.parametrize(
    "body", ["", "[]", "{", "[" * 100_000, '{"rule": "\\u0000"}', '{"rule": {"all": "x"}}', "1e999"]
)
def test_any_body_is_answered(people, body):
    client = sign_in("alice")
    for what in ASKED:
        answer = client.post(f"/admin/segments/{what}/", body, content_type="application/json")
        assert answer.status_code in (200, 400, 404, 413, 422), (what, answer.status_code)


@pytest.mark.parametrize(
    ("kind", "words", "found"),
    [
        ("key:customer.attributes", "ti", [{"value": "tier", "label": "tier"}]),
        ("value:customer.attributes.tier", "g", [{"value": "gold", "label": "gold"}]),
        ("value:customer.country", "d", [{"value": "DE", "label": "DE"}]),
        ("value:profile.rfm_class", "loy", [{"value": "loyal", "label": "loyal"}]),
        ("value:nothing", "x", []),
        ("value:customer.password", "x", []),
        ("nonsense", "", []),
    ],
)
def test_suggestions(people, kind, words, found):
    upsert_customers([{"external_id": "c0", "attributes": {"tier": "gold"}}], NOW)
    answer = sign_in("viewer").get("/admin/segments/suggest/", {"kind": kind, "q": words})
    assert answer.json() == {"results": found}


def test_values_told_of_single_people_are_offered_only_to_who_sees_people(people):
    upsert_customers([{"external_id": "c0", "attributes": {"tier": "gold"}}], NOW)
    user = User.objects.create_user("counter", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_segment"))
    client = Client()
    client.force_login(user)
    asked = {"kind": "value:customer.attributes.tier", "q": "g"}
    assert client.get("/admin/segments/suggest/", asked).json() == {"results": []}


@pytest.mark.parametrize("customer", [True, 10**12, None, "1"])
def test_nobody_is_nobody(people, customer):
    answer = ask(sign_in("alice"), "why", {"rule": RULE, "customer": customer})
    assert answer.status_code == 404


def test_what_a_ranking_is_among_is_counted_too(people):
    among = {"any": [RULE["all"][0], {"field": "customer.external_id", "op": "eq", "value": "c4"}]}
    rule = {"all": [{"not": {"top": {"field": "customer.created_at", "n": 1, "of": among}}}]}
    found = ask(sign_in("alice"), "preview", {"rule": rule}).json()
    sizes = {one["path"]: one["size"] for one in found["conditions"]}
    assert sizes["all[0].not.top.of"] == 4
    assert (sizes["all[0].not.top.of.any[0]"], sizes["all[0].not.top.of.any[1]"]) == (3, 1)
