"""Lists by hand and those used once."""

import json

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import jobs
from accounts.models import AuditEntry, Job, User
from console.segments import changes
from core import clock
from customers.identity.merging import merge
from customers.models import Customer
from customers.services import upsert_customers
from segments.models import Segment, SegmentMembership
from segments.refresh import refresh_segment
from tests.console.segments.asking import NOW, RULE, ask, sign_in


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
