"""Slots that are launched once each, by beats that come together, late, or again."""

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection

from accounts.models import AuditEntry
from campaigns import actions, selectors
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.schedule.due import end_over, launch_due
from customers.models import Customer
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from tests.campaigns.schedule.plain import make_campaign, plain_content
from tests.factories.delivery import make_customers
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = datetime(2026, 6, 1, 6, tzinfo=UTC)  # 8:00 in Berlin


@pytest.fixture(autouse=True)
def in_berlin(settings):
    settings.SHOP_TIME_ZONE, settings.SHOP_COUNTRY = "Europe/Berlin", "DE"


def launch(now, **fields) -> Campaign:
    return actions.launch_campaign(make_campaign(now, **fields), user=None, now=now)


def beat(now):
    return launch_due(now=now, as_of=now)


def test_a_campaign_waits_for_its_moment_and_goes_once(member):
    make_customers(3, now=MONDAY)
    campaign = launch(MONDAY, timing="at", on_day=MONDAY.date(), at_time=time(9))
    assert (campaign.state, campaign.next_at) == ("scheduled", MONDAY + timedelta(hours=1))
    assert beat(MONDAY + timedelta(minutes=59)) == 0
    assert Run.objects.count() == 0
    assert [beat(MONDAY + timedelta(minutes=60)) for _ in range(2)] == [1, 0]
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_at) == ("running", None)
    run = Run.objects.get()
    assert (run.audience, run.launch) == (3, "2026-06-01")
    late = AuditEntry.objects.filter(action="launch_slot").get()
    assert (late.actor, late.after["audience"]) == ("schedule", 3)


def test_what_is_scheduled_can_be_cancelled(member):
    campaign = launch(MONDAY, timing="at", on_day=MONDAY.date(), at_time=time(9))
    actions.cancel_campaign(campaign, user=member("marketer"), now=MONDAY)
    assert beat(MONDAY + timedelta(days=1)) == 0
    assert Run.objects.count() == 0


def test_a_schedule_that_is_not_whole_is_refused_with_what_to_do():
    for fields, sentence in [
        ({"timing": "at", "at_time": time(9)}, "Choose the day"),
        ({"timing": "recurring", "every": "week", "at_time": time(9)}, "days of the week"),
        ({"timing": "recurring", "every": "day", "at_time": time(9), "ends_on": MONDAY.date() - timedelta(1)},
         "The last day has passed"),
        ({"timing": "triggered"}, "Choose either"),
        ({"timing": "triggered", "trigger_event": "visit", "trigger_where": {"x": "red"}},
         "narrowed by"),
    ]:  # fmt: skip
        campaign = make_campaign(MONDAY, **fields)
        with pytest.raises(CampaignNotReady, match=sentence):
            actions.launch_campaign(campaign, user=None, now=MONDAY)
        campaign.delete()


def test_a_recurring_campaign_goes_each_day_and_after_an_outage_once():
    make_customers(2, now=MONDAY)
    campaign = launch(
        MONDAY, timing="recurring", every="day", at_time=time(9), ends_on=(MONDAY + timedelta(days=5)).date()
    )
    assert campaign.state == "running"
    nine = MONDAY + timedelta(hours=1)
    assert beat(nine) == 1
    for run in Run.objects.all():
        deliver(run.pk, clock=lambda: nine)
    campaign.refresh_from_db()
    assert campaign.state == "running"  # it has slots before it
    assert [beat(nine + timedelta(days=3, hours=5)) for _ in range(2)] == [1, 0]
    assert list(Run.objects.order_by("created_at").values_list("launch", flat=True)) == [
        "2026-06-01",
        "2026-06-04",
    ]
    assert [beat(nine + timedelta(days=d)) for d in (4, 5, 6)] == [1, 1, 0]
    for run in Run.objects.filter(state="running"):
        deliver(run.pk, clock=lambda: nine + timedelta(days=6))
    campaign.refresh_from_db()
    assert campaign.state == "finished"
    assert selectors.run_of(campaign).launch == "2026-06-06"


def test_beats_that_come_together_launch_a_slot_once():
    make_customers(5, now=MONDAY)
    launch(MONDAY, timing="recurring", every="day", at_time=time(9))
    nine = MONDAY + timedelta(hours=1)
    barrier, launched = threading.Barrier(3), []

    def rival():
        barrier.wait()
        launched.append(beat(nine))
        connection.close()

    threads = [threading.Thread(target=rival) for _ in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(launched) == [0, 0, 1]
    assert (Run.objects.count(), Message.objects.count()) == (1, 5)


def test_one_that_fails_keeps_no_other_back_and_is_paused_with_its_reason(settings):
    make_customers(1, now=MONDAY)
    launch(MONDAY, timing="at", on_day=MONDAY.date(), at_time=time(9))
    settings.SHOP_POSTAL_ADDRESS = ""
    assert beat(MONDAY + timedelta(hours=2)) == 0
    campaign = Campaign.objects.get()
    assert campaign.state == "paused"
    assert "postal address" in AuditEntry.objects.latest("pk").after["problems"][0]
    settings.SHOP_POSTAL_ADDRESS = "1 Test Street"
    actions.resume_campaign(campaign, user=None, now=MONDAY)
    assert beat(MONDAY + timedelta(hours=3)) == 1


def test_nine_oclock_comes_to_each_by_their_own_clock():
    people = make_customers(5, now=MONDAY)
    zones = {
        "c0": "Pacific/Auckland",
        "c1": "Asia/Kathmandu",
        "c2": "America/New_York",
        "c3": "Nowhere/At/All",
    }
    for name, zone in zones.items():
        Customer.objects.filter(external_id=name).update(time_zone=zone)
    Customer.objects.filter(pk=people[4].pk).update(country="CN")
    early = datetime(2026, 5, 31, 12, tzinfo=UTC)
    launch(
        early, timing="at", on_day=MONDAY.date(), at_time=time(9), each_zone=True, late="leave_out",
        per_hour=100, priority=3,
    )  # fmt: skip
    assert beat(datetime(2026, 5, 31, 18, 59, tzinfo=UTC)) == 0
    assert beat(datetime(2026, 6, 1, 2, tzinfo=UTC)) == 1  # beat was away; in Auckland it is 14:00
    run = Run.objects.get()
    assert (run.per_hour, run.priority) == (100, 3)
    rows = {m.customer.external_id: m for m in Message.objects.select_related("customer")}
    late = {name for name, m in rows.items() if (m.state, m.skip_reason) == ("skipped", "late_zone")}
    assert late == {"c0", "c4"}  # in Shanghai it is 10:00
    assert {name: m.due_at for name, m in rows.items() if name not in late} == {
        "c1": datetime(2026, 6, 1, 3, 15, tzinfo=UTC),
        "c2": datetime(2026, 6, 1, 13, tzinfo=UTC),
        "c3": datetime(2026, 6, 1, 7, tzinfo=UTC),  # no such zone: the shop's
    }


def test_a_promotion_ends_by_itself_and_its_announcement_with_it(postbox):
    make_customers(1, now=MONDAY)
    promotion = PromotionFactory(created_at=MONDAY, ends_at=MONDAY + timedelta(days=2))
    campaign = launch(MONDAY, kind="promotion", promotion=promotion, content=plain_content(MONDAY))
    run = Run.objects.get()
    assert Message.objects.get().expires_at == promotion.ends_at
    assert end_over(now=MONDAY + timedelta(days=1)) == 0
    assert [end_over(now=MONDAY + timedelta(days=2)) for _ in range(2)] == [1, 0]
    campaign.refresh_from_db()
    assert (campaign.state, campaign.finished_at) == ("finished", MONDAY + timedelta(days=2))
    assert AuditEntry.objects.latest("pk").action == "end_campaign"
    assert deliver(run.pk, clock=lambda: MONDAY + timedelta(days=2)) == 0
    assert postbox.mails == []
