"""A segment's page and the gallery: use, refresh, members, worth and export."""

from accounts.models import AuditEntry, Job
from campaigns.models import Campaign
from core import clock
from customers.services import upsert_customers
from profiles.models import CustomerProfile
from segments.models import Segment
from segments.ready_made import READY_MADE
from segments.refresh import refresh_segment
from segments.services import ensure_ready_made, save_segment
from tests.console.segments.asking import NOW, RULE, sign_in


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


def test_other_segments_are_named_in_the_readers_language(segment, people):
    other = save_segment(Segment(name="Champions", slug="champions", rule=RULE, ready_made=True), now=NOW)
    refresh_segment(other, as_of=NOW, now=NOW)
    client, address = sign_in("viewer"), f"/admin/segments/{segment.pk}/company/"
    assert "Champions" in client.get(address).content.decode()
    client.cookies["django_language"] = "zh-hans"
    shown = client.get(address).content.decode()
    assert "冠军客户" in shown and "Champions" not in shown


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
