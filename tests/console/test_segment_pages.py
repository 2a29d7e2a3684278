"""The builder's answers, saving, lists by hand and a segment's page: by whom, and what is refused."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import jobs
from accounts.models import AuditEntry, Job, User
from campaigns.models import Campaign
from console.segments import changes
from core import clock
from customers.identity.merging import merge
from customers.models import Customer
from customers.services import upsert_customers
from profiles.models import CustomerProfile
from segments.models import Segment, SegmentMembership
from segments.ready_made import READY_MADE
from segments.refresh import refresh_segment
from segments.services import ensure_ready_made, save_segment

NOW = clock.now()
RULE = {"all": [{"field": "customer.country", "op": "eq", "value": "DE"}]}
ASKED = {
    "preview": {"rule": RULE},
    "draft": {"sentence": "quiet for 60 days"},
    "overlap": {"rule": RULE},
    "why": {"rule": RULE, "customer": 0},
    "once": {"rule": RULE, "name": "x"},
    "create": {"rule": RULE, "name": "x", "description": ""},
}


@pytest.fixture
def people(db):
    found = upsert_customers(
        [
            {
                "external_id": f"c{n}", "first_name": "Ann", "last_name": f"No{n}",
                "email": f"c{n}@demo.invalid", "country": "DE" if n < 3 else "FR",
            }
            for n in range(5)
        ],
        NOW - timedelta(days=1),
    )  # fmt: skip
    return found.ids


@pytest.fixture
def segment(people):
    made = save_segment(Segment(name="Germans", rule=RULE), now=NOW)
    refresh_segment(made, as_of=NOW, now=NOW)
    return made


def sign_in(role):
    client = Client()
    if role == "alice":
        user = User.objects.create_superuser(role, "", "x")
    else:
        user = User.objects.create_user(role, is_staff=True)
        user.groups.set(Group.objects.filter(name=role))
    client.force_login(user)
    return client


def as_read(segment):
    """What a page that was opened now sends beside what its reader changed."""
    read = {"name": segment.name, "description": segment.description}
    return {"name": segment.name, "description": "", "version": segment.version, "read": read}


def ask(client, what, body):
    return client.post(f"/admin/segments/{what}/", json.dumps(body), content_type="application/json")


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


def test_saving_is_a_version_with_an_entry_and_a_stale_page_is_refused(segment):
    client = sign_in("alice")
    other = {"all": [{"field": "customer.country", "op": "eq", "value": "FR"}]}
    body = as_read(segment) | {"rule": other, "name": "French"}
    assert ask(client, f"{segment.pk}/save", body).json()["url"] == f"/admin/segments/{segment.pk}/"
    segment.refresh_from_db()
    assert (segment.name, segment.version, segment.rule) == ("French", 2, other)
    assert AuditEntry.objects.filter(action="segment.changed", user__username="alice").count() == 1
    stale = ask(client, f"{segment.pk}/save", body | {"name": "Later"})
    assert (stale.status_code, stale.json()["conflict"]) == (409, "changed")
    body |= {"version": 2, "read": {"name": "French", "description": ""}}
    circle = ask(client, f"{segment.pk}/save", body | {"rule": {"all": [{"segment": segment.slug}]}})
    assert circle.status_code == 422 and "circle" in circle.json()["message"]
    nameless = ask(client, f"{segment.pk}/save", body | {"name": " "})
    assert (nameless.status_code, nameless.json()["field"]) == (422, "name")
    segment.refresh_from_db()
    assert (segment.name, segment.version) == ("French", 2)


def test_used_once_is_a_list_of_those_who_fit_now(people):
    client = sign_in("marketer")
    url = ask(client, "once", {"rule": RULE, "name": "Fair"}).json()["url"]
    frozen = Segment.objects.get(ready_made=False)
    assert url == f"/admin/campaigns/new/?segment={frozen.pk}"
    assert (frozen.kind, frozen.size) == ("static", 3)
    assert frozen.name.startswith("Fair, on ")
    upsert_customers([{"external_id": "c9", "country": "DE"}], NOW)
    refresh_segment(frozen, as_of=clock.now(), now=clock.now())
    assert SegmentMembership.objects.filter(segment=frozen, left_at=None).count() == 3
    assert client.get(url).status_code == 200


def test_a_list_by_hand_says_what_is_wrong_in_which_line(people):
    client = sign_in("marketer")
    text = "customer\nc0\nC1@Demo.Invalid\nnobody\nc0\n\nc2;Berlin\n"
    form = {"name": "Fair", "description": "", "people": text}
    answer = client.post("/admin/segments/lists/new/", form, follow=True)
    made = Segment.objects.get(name="Fair")
    assert (made.kind, made.size) == ("static", 3)
    faults = [(fault.line.number, fault.line.text) for fault in answer.context["faults"]]
    assert faults == [(4, "nobody"), (5, "c0")]
    faulty = b"".join(client.get(answer.context["download"])).decode("utf-8-sig")
    assert faulty.splitlines() == [
        "customer,line,why", "nobody,4,No customer has it.", "c0,5,The same as line 2."
    ]  # fmt: skip
    file = SimpleUploadedFile("people.csv", "c0,x\nc4,y\n".encode("utf-8-sig"))
    done = client.post(
        f"/admin/segments/{made.pk}/list/", {"how": "replace", "file": file, "people": "", "quiet": "1"}
    )
    assert done.url == f"/admin/segments/{made.pk}/"
    stays = SegmentMembership.objects.filter(segment=made, left_at=None)
    assert set(stays.values_list("customer__external_id", flat=True)) == {"c0", "c4"}
    client.post(f"/admin/segments/{made.pk}/list/", {"how": "remove", "people": "c4"})
    assert [stay.customer.external_id for stay in stays.all()] == ["c0"]
    for bad in (SimpleUploadedFile("x.bin", b"\xff\xfe\x00"), None):
        data = {"how": "add", "people": ""} | ({"file": bad} if bad else {})
        assert client.post(f"/admin/segments/{made.pk}/list/", data).context["problem"]
    assert stays.count() == 1
    assert AuditEntry.objects.filter(action__startswith="segment.list_", object_id=made.pk).count() == 3


def test_a_list_needs_a_name_and_keeps_what_was_pasted(people):
    answer = sign_in("alice").post("/admin/segments/lists/new/", {"name": "", "people": "c0"})
    assert answer.context["form"].errors["name"] and "c0" in answer.content.decode()
    assert not Segment.objects.filter(ready_made=False).exists()


def test_a_segment_that_is_used_stays(segment, people):
    client = sign_in("alice")
    naming = save_segment(Segment(name="Naming", rule={"all": [{"segment": segment.slug}]}), now=NOW)
    page = client.get(f"/admin/segments/{segment.pk}/").content.decode()
    assert "Naming" in page and "Ann No1" in page
    client.post(f"/admin/segments/{segment.pk}/delete/")
    assert Segment.objects.filter(pk=segment.pk).exists()
    client.post(f"/admin/segments/{naming.pk}/delete/")
    campaign = Campaign.objects.create(name="C", slug="c", kind="email", segment=segment, created_at=NOW)
    client.post(f"/admin/segments/{segment.pk}/delete/")
    assert Segment.objects.filter(pk=segment.pk).exists()
    campaign.delete()
    client.post(f"/admin/segments/{segment.pk}/delete/")
    assert not Segment.objects.filter(pk=segment.pk).exists()
    assert AuditEntry.objects.filter(action="segment.deleted").count() == 2


def test_refresh_is_a_job_and_a_copy_opens_in_the_builder(segment):
    client = sign_in("marketer")
    job = Job.objects.get(pk=client.post(f"/admin/segments/{segment.pk}/refresh/").url.split("/")[-2])
    assert (job.kind, job.parameters) == ("segments", {"slugs": [segment.slug]})
    copied = client.post(f"/admin/segments/{segment.pk}/copy/").url
    made = Segment.objects.get(name="Germans (copy)")
    assert copied == f"/admin/segments/{made.pk}/edit/" and made.rule == RULE


def test_members_come_by_position(segment, people):
    many = upsert_customers([{"external_id": f"d{n}", "country": "DE"} for n in range(30)], NOW)
    assert not many.rejected
    refresh_segment(segment, as_of=clock.now(), now=clock.now())
    client = sign_in("viewer")
    first = client.get(f"/admin/segments/{segment.pk}/members/").context
    second = client.get(f"/admin/segments/{segment.pk}/members/?before={first['next']}").context
    shown = [stay.customer_id for context in (first, second) for stay in context["members"]]
    assert len(shown) == len(set(shown)) == 33 and second["next"] is None
    assert client.get(f"/admin/segments/{segment.pk}/members/?before=x%00").status_code == 200


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


def test_a_copy_of_a_broken_rule_is_refused_in_a_sentence(segment):
    Segment.objects.filter(pk=segment.pk).update(rule={"segment": "gone"})
    client = sign_in("marketer")
    answer = client.post(f"/admin/segments/{segment.pk}/copy/", follow=True)
    assert "There is no segment “gone”." in answer.content.decode()
    assert not Segment.objects.filter(name="Germans (copy)").exists()


def test_a_name_with_a_blank_of_no_use_is_cleaned(people):
    answer = ask(sign_in("alice"), "once", {"rule": RULE, "name": "To\0day"})
    assert answer.status_code == 200
    assert Segment.objects.get(kind="static").name.startswith("Today, on ")


def test_a_name_given_meanwhile_is_not_overwritten(segment):
    client, stale = sign_in("alice"), as_read(segment)
    mine = as_read(segment) | {"rule": RULE, "name": "Mine"}
    assert ask(client, f"{segment.pk}/save", mine).status_code == 200
    answer = ask(client, f"{segment.pk}/save", stale | {"rule": RULE, "name": "Yours"})
    assert (answer.status_code, answer.json()["conflict"]) == (409, "changed")
    segment.refresh_from_db()
    assert segment.name == "Mine"


def test_a_segment_removed_underneath_is_said_and_can_be_saved_anew(segment):
    client, page = sign_in("alice"), as_read(segment) | {"rule": RULE}
    client.post(f"/admin/segments/{segment.pk}/delete/")
    answer = ask(client, f"{segment.pk}/save", page)
    assert (answer.status_code, answer.json()["conflict"]) == (409, "removed")
    assert ask(client, "create", page).status_code == 200
    assert Segment.objects.filter(name="Germans", ready_made=False).count() == 1


def test_what_a_ranking_is_among_is_counted_too(people):
    among = {"any": [RULE["all"][0], {"field": "customer.external_id", "op": "eq", "value": "c4"}]}
    rule = {"all": [{"not": {"top": {"field": "customer.created_at", "n": 1, "of": among}}}]}
    found = ask(sign_in("alice"), "preview", {"rule": rule}).json()
    sizes = {one["path"]: one["size"] for one in found["conditions"]}
    assert sizes["all[0].not.top.of"] == 4
    assert (sizes["all[0].not.top.of.any[0]"], sizes["all[0].not.top.of.any[1]"]) == (3, 1)


def test_the_gallery_says_how_many_before_one_adopts(people):
    ensure_ready_made(now=NOW)
    consent = Segment.objects.get(slug="email-consent")
    Segment.objects.filter(pk=consent.pk).update(size=77)
    changed = Segment.objects.get(slug="champions")
    changed.rule = RULE
    save_segment(changed, now=NOW)
    Segment.objects.filter(pk=changed.pk).update(size=88)
    shown = {
        one["slug"]: one["size"]
        for one in sign_in("viewer").get("/admin/segments/gallery/").context["templates"]
    }
    assert len(shown) == len(READY_MADE)
    # What the refreshes know; of one that the shop made into another, what it would have from new.
    assert (shown["email-consent"], shown["champions"]) == (77, 0)


def test_a_long_list_is_work_to_watch_and_leaves_no_addresses_behind(people, monkeypatch, settings, tmp_path):
    settings.IMPORT_FILES = tmp_path
    monkeypatch.setattr(changes, "AT_ONCE", 3)
    client = sign_in("marketer")
    text = "\n".join(["c0", "c1", "c2@demo.invalid", "c3", "stranger@demo.invalid", "=cmd()"])
    page = client.post("/admin/segments/lists/new/", {"name": "Fair", "people": text}).url
    made, job = Segment.objects.get(name="Fair"), Job.objects.get(kind="list")
    assert (made.size, job.state) == (None, "queued")
    assert "every 1s" in client.get(page).content.decode()
    assert "demo.invalid" not in json.dumps(job.parameters)
    jobs.run(job)
    job.refresh_from_db()
    assert (job.state, job.result["entered"], job.result["faults"], job.done) == ("done", 4, 2, 6)
    assert "demo.invalid" not in json.dumps(job.result)
    assert [path.name for path in tmp_path.iterdir()] == [job.result["file"]]
    answer = client.get(page)
    assert "stranger@demo.invalid" in answer.content.decode()
    rows = b"".join(client.get(answer.context["download"])).decode("utf-8-sig").splitlines()
    assert rows[1:] == ["stranger@demo.invalid,5,No customer has it.", "'=cmd(),6,No customer has it."]
    assert sign_in("viewer").get(answer.context["download"]).status_code == 403
    (tmp_path / job.result["file"]).unlink()
    assert client.get(page).context["gone"]
    assert client.get(answer.context["download"]).status_code == 404


def test_lists_follow_merged_customers(people):
    user = User.objects.create_superuser("boss", "", "x")
    client = sign_in("marketer")
    client.post("/admin/segments/lists/new/", {"name": "Fair", "people": "c0\nc1"})
    made = Segment.objects.get(name="Fair")
    kept, merged = (Customer.objects.get(external_id=name) for name in ("c0", "c1"))
    merge(kept, merged, user=user, now=NOW)
    stays = SegmentMembership.objects.filter(segment=made, left_at=None)
    assert [stay.customer.external_id for stay in stays] == ["c0"]
    # The old id still finds the person, once.
    answer = client.post(
        f"/admin/segments/{made.pk}/list/", {"how": "replace", "people": "c1\nc0\nc2"}, follow=True
    )
    assert (answer.context["result"]["size"], answer.context["result"]["faults"]) == (2, 0)
    sample = ask(client, "preview", {"rule": {"all": [{"segment": made.slug}]}}).json()
    assert (sample["size"], {one["customer"] for one in sample["sample"]}) == (2, {"c0", "c2"})


def test_the_first_count_is_no_entering(segment, people):
    client = sign_in("viewer")
    page = client.get(f"/admin/segments/{segment.pk}/").context
    assert (page["entered"]["people"], list(page["came"])) == (0, [])
    upsert_customers([{"external_id": "c3", "country": "DE"}, {"external_id": "c0", "country": "FR"}], NOW)
    refresh_segment(segment, as_of=clock.now(), now=clock.now())
    page = client.get(f"/admin/segments/{segment.pk}/").context
    assert [(way, page[way]["people"], len(page[way]["why"])) for way in ("entered", "left")] == [
        ("entered", 1, 1), ("left", 1, 1),
    ]  # fmt: skip
    assert [stay.customer.external_id for stay in page["came"]] == ["c3"]
    assert [stay.customer.external_id for stay in page["went"]] == ["c0"]


def test_worth_compares_with_everybody(segment, people):
    for n, revenue in enumerate((10, 20, 30, 40, 100)):
        CustomerProfile.objects.create(
            customer_id=people[f"c{n}"], as_of=NOW, computed_at=NOW, orders=n, revenue=revenue
        )
    worth = sign_in("viewer").get(f"/admin/segments/{segment.pk}/company/").context["worth"]
    assert (worth["people"], worth["share"], worth["revenue_sum"]) == (3, 0.3, 60)
    assert worth["orders"] == {"these": 1, "all": 2}
    assert worth["revenue"] == {"these": 20, "all": 40}


def test_members_are_exported_in_the_chosen_columns(segment):
    client = sign_in("alice")
    page = client.get(f"/admin/segments/{segment.pk}/").context
    assert page["columns"] == [
        "segment",
        "customer id",
        "first name",
        "last name",
        "e-mail",
        "phone",
        "since",
    ]
    form = {
        "action": "export",
        "_selected_action": segment.pk,
        "columns": ["e-mail", "customer id", "password"],
    }
    answer = client.post("/admin/segments/segment/", form)
    rows = b"".join(answer).decode("utf-8-sig").splitlines()
    assert rows == ["customer id,e-mail", *(f"c{n},c{n}@demo.invalid" for n in range(3))]
    assert AuditEntry.objects.filter(action="export", user__username="alice").count() == 1
    viewer = sign_in("viewer")
    assert viewer.get(f"/admin/segments/{segment.pk}/").context["columns"] == []
    refused = viewer.post("/admin/segments/segment/", form)
    assert "csv" not in refused["Content-Type"] and b"c0@demo.invalid" not in refused.content
    assert AuditEntry.objects.filter(action="export").count() == 1
