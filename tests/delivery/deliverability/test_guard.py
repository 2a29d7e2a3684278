"""A run that harms the sender's name stops by itself, at exactly the thresholds."""

import pytest
from django.db.models import F

from accounts.models import AuditEntry
from campaigns.actions import create_campaign, resume_campaign
from campaigns.models import Campaign
from delivery.deliverability.guard import guard, is_over, open_alarms
from delivery.deliverability.models import Alarm
from delivery.models import Message, Return, Run
from delivery.services import resume
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db

BOUNCES, COMPLAINTS = Alarm.Kind.BOUNCES, Alarm.Kind.COMPLAINTS


@pytest.mark.parametrize(
    ("kind", "returned", "offered", "over"),
    [
        (COMPLAINTS, 3, 1000, True), (COMPLAINTS, 3, 1001, False), (COMPLAINTS, 2, 1000, False),
        (COMPLAINTS, 1, 200, True), (COMPLAINTS, 1, 199, False), (COMPLAINTS, 0, 200, False),
        (COMPLAINTS, 1, 333, True), (COMPLAINTS, 1, 334, False),
        (BOUNCES, 10, 200, True), (BOUNCES, 9, 200, False), (BOUNCES, 10, 201, False),
        (BOUNCES, 50, 199, False),
        (BOUNCES, 50, 1000, True), (BOUNCES, 49, 1000, False),
    ],
)  # fmt: skip
def test_the_edges(kind, returned, offered, over):
    assert is_over(kind, returned, offered) is over


def run_of(people, *, now, bounces=0, refused=0, complaints=0, **fields):
    make_customers(people, now=now)
    run = make_run(now=now, **fields)
    Message.objects.filter(run=run).update(state="sent", sent_at=now)
    keys = list(Message.objects.filter(run=run).order_by("id").values_list("id", flat=True))
    told = [("bounce", "hard", k) for k in keys[: bounces + refused]]
    told += [("bounce", "soft", k) for k in keys[:100]] + [("complaint", "", k) for k in keys[:complaints]]
    Return.objects.bulk_create(
        Return(key=f"{run.pk}{n}"[-64:], kind=kind, bounce_class=what, run_id=run.pk, message=key, source="x",
               occurred_at=now, received_at=now)
        for n, (kind, what, key) in enumerate(told)
    )  # fmt: skip
    Message.objects.filter(run=run, id__in=keys[:refused]).update(state="failed")
    return run


@pytest.mark.parametrize(
    ("people", "returned", "paused"),
    [
        (200, {"bounces": 10}, True), (200, {"bounces": 9}, False), (199, {"bounces": 199}, False),
        (200, {"refused": 10}, True), (200, {"bounces": 6, "refused": 4}, True),
        (200, {"complaints": 1}, True), (199, {"complaints": 100}, False), (334, {"complaints": 1}, False),
    ],
)  # fmt: skip
def test_runs_are_paused_from_the_threshold_on(source, now, people, returned, paused):
    run = run_of(people, now=now, **returned)
    alarms = guard(now=now)
    run.refresh_from_db()
    assert (run.state == "paused", len(alarms), Alarm.objects.count()) == (paused, paused, paused)


def test_it_is_audited_once_and_a_person_may_go_on(source, now):
    run = run_of(200, now=now, bounces=10)
    [alarm] = guard(now=now)
    assert (alarm.kind, alarm.returned, alarm.offered, alarm.rate) == ("bounces", 10, 200, 0.05)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.object_id) == ("pause_run", "deliverability guard", str(run.pk))
    assert entry.after == {"state": "paused", "offered": 200, "bounces": 10}
    assert open_alarms() == [(Alarm.objects.get(), Run.objects.get(pk=run.pk))]
    assert guard(now=now) == []
    assert resume(run)
    assert open_alarms() == []
    assert guard(now=now) == [], "a person decided"
    Return.objects.filter(kind="bounce", bounce_class="soft").update(kind="complaint", key=F("key"))
    [second] = guard(now=now)
    assert second.kind == "complaints"


def test_others_go_on(source, now):
    bad = run_of(200, now=now, bounces=10)
    good = make_run(now=now, reference="good")
    Message.objects.filter(run=good).update(state="sent", sent_at=now)
    guard(now=now)
    assert set(Run.objects.values_list("pk", "state")) == {(bad.pk, "paused"), (good.pk, "running")}
    finished = make_run(now=now, reference="done")
    Run.objects.filter(pk=finished.pk).update(state="finished")
    Message.objects.filter(run=finished).update(state="sent", sent_at=now)
    Return.objects.filter(run_id=bad.pk).update(run_id=finished.pk)
    assert guard(now=now) == []


def test_the_campaign_shows_it_and_its_owner_resumes_it(now):
    campaign = create_campaign(user=None, now=now, name="Spring", slug="spring", kind=Campaign.Kind.EMAIL)
    Campaign.objects.filter(pk=campaign.pk).update(state="running")
    run = run_of(200, now=now, complaints=1, source="campaign", reference=str(campaign.pk))
    assert len(guard(now=now)) == 1
    campaign.refresh_from_db()
    assert campaign.state == "paused"
    resume_campaign(campaign, user=None, now=now)
    run.refresh_from_db()
    campaign.refresh_from_db()
    assert (campaign.state, run.state) == ("running", "running")
    assert guard(now=now) == []
