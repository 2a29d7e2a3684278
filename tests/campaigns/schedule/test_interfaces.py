"""Scheduling by REST and by the form; the page of the rules; who may change them."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import AuditEntry, Scope, User
from campaigns import actions
from campaigns.models import Campaign
from campaigns.schedule.due import begin_due
from customers.consent import ConsentRow, record_consents
from delivery.models import FrequencyCap, MarketRule, QuietHours, Run, WarmUp
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.accounts import make_key
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db
TRIGGER = {"event": "add_to_cart", "where": {"product": "P0"}, "delay_minutes": 120, "unless": "purchase"}


def sign_in(role):
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def plan(schedule, slug="c"):
    headers = {"Authorization": f"Api-Key {make_key(slug, tuple(Scope))}"}
    body = {"slug": slug, "name": "C", "kind": "email", "schedule": schedule}
    return Client().post("/api/v1/campaigns", body, content_type="application/json", headers=headers)


def test_a_schedule_goes_in_and_comes_out():
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    answer = plan(
        {"timing": "recurring", "every": "week", "weekdays": [0, 3], "day": day, "time": "09:30",
         "each_zone": True, "late": "leave_out", "spread_hours": 4, "per_hour": 500, "holidays": "wait",
         "priority": 2}
    )  # fmt: skip
    assert answer.status_code == 201, answer.json()
    assert answer.json()["schedule"] == {
        "timing": "recurring", "learned_hours": False, "day": day, "time": "09:30", "each_zone": True,
        "late": "leave_out", "every": "week", "weekdays": [0, 3], "month_day": 1, "until": None,
        "spread_hours": 4, "per_hour": 500, "holidays": "wait", "priority": 2, "next_at": None,
    }  # fmt: skip
    answer = plan({"timing": "triggered", "trigger": TRIGGER}, "t")
    assert answer.status_code == 201, answer.json()
    shown = answer.json()["schedule"]["trigger"]
    assert shown == TRIGGER | {"segment": None, "again_after_days": 7, "of_use_hours": 48}
    assert Campaign.objects.get(slug="t").unless_event == "purchase"


@pytest.mark.parametrize(
    "schedule",
    [
        {},
        {"timing": "sometimes"},
        {"timing": "at"},
        {"timing": "at", "day": "2026-13-40", "time": "09:00"},
        {"timing": "at", "day": "2030-01-01", "time": "25:00"},
        {"timing": "recurring", "every": "week", "time": "09:00"},
        {"timing": "recurring", "every": "day", "time": "09:00", "until": "2001-01-01"},
        {"timing": "recurring", "every": "week", "weekdays": [7], "time": "09:00"},
        {"timing": "triggered"},
        {"timing": "triggered", "trigger": {"event": "nothing"}},
        {"timing": "triggered", "trigger": {"event": "visit", "where": {"x": 1}}},
        {"timing": "triggered", "trigger": {"event": "visit", "where": {"product": {"a": 1}}}},
        {"timing": "triggered", "trigger": {"segment": "unknown"}},
        {"timing": "now", "trigger": {"event": "visit"}},
        {"timing": "now", "colour": "red"},
        {"timing": "now", "per_hour": 0},
        {"timing": "now", "spread_hours": 169},
        {"timing": "now", "holidays": "party"},
        "tomorrow",
        [1],
    ],
)
def test_a_schedule_that_cannot_be_is_refused(schedule):
    answer = plan(schedule)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert not Campaign.objects.exists()


def form_of(**more):
    return {
        "name": "C", "slug": "c", "kind": "email", "objective": "replenish", "goal_days": "28",
        "timing": "now", "late": "at_once", "every": "week", "month_day": "1", "delay_minutes": "0",
        "again_after_days": "7", "of_use_hours": "48", "priority": "0", "trigger_where": "{}",
        "channel": "email", "topic": "marketing", "spread_hours": "0", "holidays": "send",
    } | more  # fmt: skip


def test_the_form_schedules_and_the_page_says_when():
    client = sign_in("marketer")
    assert client.get("/admin/campaigns/campaign/add/").headers["Location"] == "/admin/campaigns/new/"
    answer = client.post(
        "/admin/campaigns/campaign/add/",
        form_of(timing="recurring", weekdays=["0", "4"], at_time="09:00", each_zone="on"),
    )
    assert answer.status_code == 302, answer.context["adminform"].errors
    campaign = Campaign.objects.get()
    assert (campaign.weekdays, campaign.at_time, campaign.each_zone) == ([0, 4], time(9), True)
    page = client.get(answer.url).content.decode()
    assert "Every Monday, Friday at 09:00, by each recipient&#x27;s own clock" in page
    assert b"timing == " in client.get(f"/admin/campaigns/campaign/{campaign.pk}/change/").content
    review = client.get(f"/admin/campaigns/{campaign.pk}/plan/review/").content.decode()
    assert "Every Monday, Friday at 09:00" in review


def test_a_scheduled_campaign_says_when_it_goes(settings):
    settings.SHOP_TIME_ZONE = "UTC"
    now = datetime.now(UTC)
    day = (now + timedelta(days=2)).date()
    campaign = make_campaign(now, timing="at", on_day=day, at_time=time(9))
    client = sign_in("approver")
    live = client.get(f"/admin/campaigns/{campaign.pk}/plan/review/live/").content.decode()
    assert "Put it on the schedule" in live
    answer = client.post(f"/admin/campaigns/{campaign.pk}/review/", follow=True)
    assert "It goes in" in answer.content.decode()
    later = now + timedelta(minutes=2)
    assert begin_due(now=later, as_of=later) == 1
    assert "It goes next on" in client.get(f"/admin/campaigns/{campaign.pk}/report/").content.decode()
    campaign.refresh_from_db()
    assert campaign.state == "scheduled"
    client.post(f"/admin/campaigns/{campaign.pk}/cancel/")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_at) == ("cancelled", None)


def test_the_rules_stand_on_one_page_and_approvers_change_them():
    QuietHours.objects.create(name="Nights")
    FrequencyCap.objects.create(name="Three a week")
    WarmUp.objects.create(domain="new.example", started_on=datetime.now(UTC).date())
    MarketRule.objects.create(market="DE", channel="sms", label="Werbung")
    marketer, approver = sign_in("marketer"), sign_in("approver")
    seen = marketer.get("/admin/delivery/rules/").content.decode()
    for words in (
        "Nights",
        "21:00–08:00",
        "Three a week",
        "3 in 7 days",
        "Werbung",
        "0 of 50 today",
        "拒收请回复R",
    ):
        assert words in seen
    assert "Add a cap" not in seen
    assert "Add a cap" in approver.get("/admin/delivery/rules/").content.decode()
    add = "/admin/delivery/frequencycap/add/"
    body = {"name": "One a day", "most": "1", "days": "1", "is_active": "on"}
    assert marketer.post(add, body).status_code == 403
    assert approver.post(add, body).url == "/admin/delivery/rules/"
    quiet = {"name": "Sundays", "begins": "00:00", "ends": "00:00", "weekdays": ["6"], "is_active": "on"}
    assert approver.post("/admin/delivery/quiethours/add/", quiet).status_code == 302
    assert QuietHours.objects.get(name="Sundays").weekdays == [6]
    entry = AuditEntry.objects.filter(action="add_sending_rule").latest("pk")
    assert (entry.actor, entry.after["begins"]) == ("approver", "00:00:00")
    gone = FrequencyCap.objects.get(name="One a day")
    approver.post(f"/admin/delivery/frequencycap/{gone.pk}/delete/", {"post": "yes"})
    assert AuditEntry.objects.latest("pk").before["most"] == 1


def test_a_shipped_rule_is_changed_from_what_it_says():
    page = sign_in("approver").get(
        "/admin/delivery/marketrule/add/?market=FR&channel=sms&quiet_from=20:00:00"
    )
    assert 'value="FR"' in page.content.decode()


def test_channel_and_topic_go_in_and_what_nobody_was_asked_about_is_refused():
    headers = {"Authorization": f"Api-Key {make_key('k', tuple(Scope))}"}
    body = {"slug": "s", "name": "S", "kind": "email", "channel": "sms", "topic": "newsletter"}

    def post(**more):
        return Client().post(
            "/api/v1/campaigns", body | more, content_type="application/json", headers=headers
        )

    answer = post()
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["channel"], answer.json()["topic"]) == ("sms", "newsletter")
    assert post(slug="t", topic="knitting").status_code == 400
    assert post(slug="t", channel="fax").status_code == 400
    [ada] = make_customers(1, now=datetime.now(UTC), consent=False)
    record_consents(
        [ConsentRow(ada.pk, "email", True, "form", datetime.now(UTC), topic="knitting")], datetime.now(UTC)
    )
    assert post(slug="t", topic="knitting").status_code == 201


def test_the_form_offers_the_topics_and_keeps_what_is_chosen(settings):
    settings.MESSAGE_TOPICS = {"marketing": "Offers", "newsletter": "News"}
    now = datetime.now(UTC)
    campaign = make_campaign(now, topic="old-topic")
    client = sign_in("marketer")
    page = client.get(f"/admin/campaigns/campaign/{campaign.pk}/change/")
    form = page.context["adminform"].form
    assert [key for key, _ in form.fields["topic"].choices] == ["marketing", "newsletter", "old-topic"]
    values = {k: v for k, v in form.initial.items() if v is not None}
    values |= {"trigger_where": "{}", "channel": "sms", "topic": "newsletter", "spread_hours": "3"}
    answer = client.post(f"/admin/campaigns/campaign/{campaign.pk}/change/", values)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    campaign.refresh_from_db()
    assert (campaign.channel, campaign.topic, campaign.spread_hours) == ("sms", "newsletter", 3)


def test_the_pace_changes_while_it_goes_by_page_and_by_rest(settings):
    now = datetime.now(UTC)
    make_customers(3, now=now)
    campaign = actions.launch_campaign(make_campaign(now), user=None, now=now)
    run = Run.objects.get()
    client = sign_in("marketer")
    page = client.get(f"/admin/delivery/runs/{run.pk}/").content.decode()
    assert "As fast as it goes" in page
    client.post(f"/admin/delivery/runs/{run.pk}/pace/", {"per_hour": "1,200"})
    run.refresh_from_db()
    campaign.refresh_from_db()
    assert (run.per_hour, campaign.per_hour) == (1200, 1200)
    for strange in ("0", "-5", "many", "9" * 30):
        client.post(f"/admin/campaigns/{campaign.pk}/pace/", {"per_hour": strange})
    campaign.refresh_from_db()
    assert campaign.per_hour == 1200
    client.post(f"/admin/campaigns/{campaign.pk}/pace/", {"per_hour": ""})
    run.refresh_from_db()
    assert run.per_hour is None
    assert AuditEntry.objects.filter(action="pace_campaign").count() == 2
    headers = {"Authorization": f"Api-Key {make_key('k', tuple(Scope))}"}
    path = f"/api/v1/campaigns/{campaign.pk}/pace"
    answer = Client().post(path, {"per_hour": 60}, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["schedule"]["per_hour"]) == (200, 60)
    actions.cancel_campaign(campaign, user=None, now=now)
    again = Client().post(path, {"per_hour": 61}, content_type="application/json", headers=headers)
    assert again.status_code == 409
    viewer = sign_in("viewer")
    assert viewer.post(f"/admin/delivery/runs/{run.pk}/pace/", {"per_hour": "9"}).status_code == 403
