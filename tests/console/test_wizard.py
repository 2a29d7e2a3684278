"""The wizard's pages and answers: who may do what, what is saved, and what is counted before sending."""

from datetime import UTC, datetime, time, timedelta

import pytest

from accounts.models import User
from campaigns import actions
from campaigns.coupons import pools
from campaigns.models import Campaign, CampaignRules
from campaigns.planning.forecast import forecast
from campaigns.schedule.due import begin_due
from core import clock
from core.encryption import keyed_hash
from customers.models import Consent, Customer, Identifier
from delivery.models import Message, Run
from delivery.rules.models import FrequencyCap, QuietHours
from segments.models import Segment
from tests.campaigns.schedule.plain import make_campaign
from tests.console.wizard import live, now, patch, people, sign_in
from tests.factories.campaigns import starter
from tests.factories.coupons import PoolFactory
from tests.factories.delivery import make_customers, suppress_address
from tests.factories.promotions import PromotionFactory

__all__ = ["now", "people"]
pytestmark = pytest.mark.django_db(transaction=True)
STEPS = ("goal", "audience", "content", "test", "review")


def test_a_card_makes_a_draft_with_what_the_address_brings(people, now):
    client = sign_in("marketer")
    assert client.get("/admin/campaigns/new/").status_code == 200
    segment = Segment.objects.get(slug="vip")
    answer = client.post("/admin/campaigns/new/?segment=vip", {"goal": "sell", "name": "For them"})
    draft = Campaign.objects.get()
    assert answer.headers["Location"] == f"/admin/campaigns/{draft.pk}/plan/goal/"
    assert (draft.segment, draft.goal, draft.name) == (segment, "sell", "For them")
    assert draft.content.template.name == "Picked for you"
    pool = PoolFactory(created_at=now, promotion=PromotionFactory(created_at=now))
    client.post("/admin/campaigns/new/", {"pool": str(pool.pk), "segment": "nothing\0"})
    with_code = Campaign.objects.latest("created_at")
    assert (with_code.kind, with_code.pool, with_code.parts) == ("coupon", pool, ["message", "coupon"])
    assert sign_in("viewer").post("/admin/campaigns/new/", {"goal": "sell"}).status_code == 403
    assert Campaign.objects.count() == 2


def test_every_step_opens_in_few_queries(people, now, django_assert_max_num_queries):
    client = sign_in("marketer")
    draft = actions.draft_campaign(user=None, now=now, goal="win_back")
    client.get(f"/admin/campaigns/{draft.pk}/plan/goal/")
    for step in STEPS:
        with django_assert_max_num_queries(32):
            assert client.get(f"/admin/campaigns/{draft.pk}/plan/{step}/").status_code == 200
        live(client, draft, step)
    assert client.get(f"/admin/campaigns/{draft.pk}/plan/nowhere/").status_code == 404
    actions.launch_campaign(make_campaign(now), user=None, now=now)
    launched = Campaign.objects.get(slug="c")
    answer = client.get(f"/admin/campaigns/{launched.pk}/plan/goal/")
    assert answer.headers["Location"] == f"/admin/campaigns/{launched.pk}/report/"


def test_what_is_changed_is_saved_and_what_is_wrong_is_said(people, now):
    client, draft = sign_in("marketer"), make_campaign(now)
    answer = patch(client, draft, 0, name="Autumn", goal_days="0", timing="at", on_day="2030-05-01")
    body = answer.json()
    assert (answer.status_code, body["version"]) == (200, 1)
    assert list(body["errors"]) == ["goal_days"] and body["saved"].startswith("Saved ")
    draft.refresh_from_db()
    assert (draft.name, draft.goal_days, draft.timing, draft.on_day.year) == ("Autumn", 28, "at", 2030)
    assert patch(client, draft, 1, parts=["coupon", "promotion"]).status_code == 200
    draft.refresh_from_db()
    assert (draft.kind, draft.parts) == ("promotion", ["message", "coupon", "promotion"])
    assert patch(client, draft, 2, parts=[]).json()["errors"] == {"parts": "Choose at least one."}
    wrong = patch(client, draft, 2, segment="x", weekdays=["9"], trigger_category="No such").json()["errors"]
    assert set(wrong) == {"segment", "weekdays", "trigger_category"}
    assert patch(client, draft, 2, state="running", created_by=1, slug="x").json()["version"] == 2
    draft.refresh_from_db()
    assert (draft.state, draft.slug) == ("draft", "c")


def test_nobody_writes_over_another_unseen(people, now):
    alice, bob, draft = sign_in("marketer"), sign_in("approver"), make_campaign(now)
    assert patch(alice, draft, 0, name="Hers").status_code == 200
    answer = patch(bob, draft, 0, name="His")
    assert (answer.status_code, answer.json()["conflict"]) == (409, "changed")
    version = bob.get(f"/admin/campaigns/{draft.pk}/plan/goal/live/?version=1").json()["version"]
    assert patch(bob, draft, version, name="His").status_code == 200
    assert patch(sign_in("viewer"), draft, 2, name="Nobody's").status_code == 403
    for body in ("", "[]", '{"version": true, "fields": {}}', '{"version": 2, "fields": []}'):
        path = f"/admin/campaigns/{draft.pk}/plan/"
        assert bob.patch(path, body, content_type="application/json").status_code == 400
    assert Campaign.objects.get().name == "His"


def test_one_choice_takes_the_other_back(people, now):
    client, draft = sign_in("marketer"), make_campaign(now)
    vip = Segment.objects.get(slug="vip")
    patch(client, draft, 0, timing="triggered", trigger_event="add_to_cart")
    patch(client, draft, 1, trigger_event="", trigger_segment=str(vip.pk))
    draft.refresh_from_db()
    assert (draft.trigger_event, draft.trigger_segment) == ("", vip)
    patch(client, draft, 2, trigger_event="visit")
    draft.refresh_from_db()
    assert (draft.trigger_event, draft.trigger_segment) == ("visit", None)


def test_the_review_counts_who_drops_out_by_which_rule(people, now):
    """The figures before sending are those of the sending."""
    Consent.objects.filter(customer=people[0]).update(granted=False)
    suppress_address("c1@demo.invalid", now=now)
    known = keyed_hash("email", "c1@demo.invalid")
    Identifier.objects.create(customer=people[1], kind="email", value_hash=known, created_at=now)
    Customer.objects.filter(pk=people[2].pk).update(email=None)
    FrequencyCap.objects.create(name="Once", most=1, days=7)
    earlier = actions.launch_campaign(make_campaign(now, slug="before"), user=None, now=now)
    Message.objects.exclude(customer=people[3]).delete()
    Message.objects.filter(customer=people[3]).update(state="sent", sent_at=now - timedelta(days=2))
    assert earlier.state == "running"
    pool = PoolFactory(created_at=now, promotion=PromotionFactory(created_at=now))
    pools.generate_codes(pool, 5, now=now)
    draft = make_campaign(now, kind="coupon", pool=pool, content=starter("coupon", now=now))
    found = forecast(draft, now=now, as_of=now)
    assert {key: n for key, _reason, n in found.leaving} == {
        "no_consent": 1, "suppressed": 1, "no_address": 1, "capped": 1, "no_code": 3,
    }  # fmt: skip
    assert found.people == 5
    shown = live(sign_in("marketer"), draft, "review")
    assert "Send to 5 people" in shown and "The pool has 5 codes left: 3 people would go without" in shown


def test_quiet_hours_are_counted_and_clocks_told_apart(people, now, settings):
    settings.SHOP_TIME_ZONE, settings.QUIET_HOURS = "Europe/Berlin", True
    Customer.objects.update(time_zone="Europe/Berlin")
    Customer.objects.filter(pk__in=[p.pk for p in people[:4]]).update(time_zone="Asia/Tokyo")
    QuietHours.objects.create(name="Night", begins=time(20), ends=time(9))
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    draft = make_campaign(before, timing="at", on_day=before.date() + timedelta(days=1), at_time=time(2, 30))
    found = forecast(draft, now=before, as_of=before)
    assert {line.zone: (line.people, line.local.hour) for line in found.zones} == {
        "Europe/Berlin": (8, 3), "Asia/Tokyo": (4, 10),  # the clock jumps from 2 to 3 that night
    }  # fmt: skip
    assert found.waiting == 8
    draft.each_zone, draft.at_time = True, time(10)
    draft.on_day = before.date()
    found = forecast(draft, now=datetime(2026, 3, 28, 5, tzinfo=UTC), as_of=before)
    lines = {line.zone: line for line in found.zones}
    assert (lines["Europe/Berlin"].local.hour, lines["Europe/Berlin"].note) == (10, "")
    assert lines["Asia/Tokyo"].note == "the hour has passed: at once"
    draft.late = "leave_out"
    assert forecast(draft, now=datetime(2026, 3, 28, 5, tzinfo=UTC), as_of=before).late == 4


def test_the_button_leaves_a_minute_and_the_bar_takes_it_back(people, now):
    client, draft = sign_in("marketer"), make_campaign(now)
    answer = client.post(f"/admin/campaigns/{draft.pk}/review/")
    assert answer.headers["Location"] == f"/admin/campaigns/{draft.pk}/report/"
    page = client.get(answer.headers["Location"]).content.decode()
    assert "data-undo=" in page and not Run.objects.exists()
    client.post(f"/admin/campaigns/{draft.pk}/undo/")
    assert Campaign.objects.get().state == "draft"
    client.post(f"/admin/campaigns/{draft.pk}/review/")
    later = clock.now() + timedelta(minutes=2)
    assert begin_due(now=later, as_of=later) == 1
    client.post(f"/admin/campaigns/{draft.pk}/undo/")
    assert Campaign.objects.get().state == "running" and Run.objects.get().audience == 12


def test_above_a_thousand_the_number_is_typed(now, monkeypatch):
    monkeypatch.setattr("console.engage.wizard.review.TYPE_ABOVE", 5)
    make_customers(8, now=now)
    client, draft = sign_in("marketer"), make_campaign(now)
    assert "Type 8 to confirm" in live(client, draft, "review")
    for typed in ("", "7", "80"):
        client.post(f"/admin/campaigns/{draft.pk}/review/", {"number": typed})
        assert Campaign.objects.get().state == "draft"
    client.post(f"/admin/campaigns/{draft.pk}/review/", {"number": "8"})
    assert Campaign.objects.get().undo_until is not None


def test_two_colleagues_by_their_pages(people, now):
    CampaignRules.objects.create(pk=1, approval_above=0)
    alice, bob = sign_in("marketer", "alice"), sign_in("approver", "bob")
    draft = make_campaign(now)
    Campaign.objects.update(created_by=User.objects.get(username="alice"))
    shown = live(alice, draft, "review")
    assert "Ask for approval" in shown and "Send to" not in shown and "bob" in shown
    root = f"/admin/campaigns/{draft.pk}"
    alice.post(f"{root}/approval/ask/", {"note": "Please"})
    assert alice.post(f"{root}/approval/approve/").status_code == 403
    assert "Please" in live(bob, draft, "review")
    bob.post(f"{root}/approval/approve/", {"version": "0"})
    alice.post(f"{root}/review/")
    assert Campaign.objects.get().undo_until is not None


def test_copies_and_the_archive_by_the_list(people, now):
    client, draft = sign_in("marketer"), make_campaign(now)
    root = f"/admin/campaigns/{draft.pk}/file"
    assert client.post(f"{root}/clone/").status_code == 302
    client.post(f"{root}/archive/")
    listed = client.get("/admin/campaigns/campaign/").content.decode()
    assert "C (copy)" in listed and f"/campaigns/{draft.pk}/" not in listed
    assert f"/campaigns/{draft.pk}/" in client.get("/admin/campaigns/campaign/?archived=yes").content.decode()
    client.post(f"{root}/unarchive/")
    client.post(f"{root}/delete/")
    assert Campaign.objects.get().name == "C (copy)"
    assert sign_in("viewer").post(f"/admin/campaigns/{draft.pk}/file/clone/").status_code == 403


def test_a_new_segment_comes_back_to_its_campaign(people, now):
    client, draft = sign_in("marketer"), make_campaign(now)
    answer = client.post(
        f"/admin/segments/create/?campaign={draft.pk}",
        {"name": "Those", "rule": {"all": [{"field": "customer.has_email", "op": "eq", "value": True}]}},
        content_type="application/json",
    )
    assert answer.json()["url"] == f"/admin/campaigns/{draft.pk}/plan/audience/"
    assert Campaign.objects.get().segment.name == "Those"


def test_five_people_see_it(people, now):
    client = sign_in("marketer")
    draft = actions.draft_campaign(user=None, now=now, goal="sell")
    shown = live(client, draft, "content")
    assert shown.count("data-person=") == 5
    frame = shown.partition('src="/admin/templates/frames/')[2].partition('"')[0]
    assert client.get(f"/admin/templates/frames/{frame}").status_code == 200
    assert live(sign_in("viewer"), draft, "content").count("data-person=") >= 2
