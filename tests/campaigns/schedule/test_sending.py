"""By which channel, about what, to whom again and again: campaigns by the real outbox."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from campaigns import actions, selectors
from campaigns.content.services import create_template
from campaigns.reports.answers import as_json
from campaigns.schedule.due import launch_due
from customers.consent import ConsentRow, record_consents
from customers.models import Customer
from delivery.identity import unsubscribe_url
from delivery.models import FrequencyCap, MarketRule, Message, OnsiteMessage, ReceivedMessage, Run
from delivery.outbox.send import deliver
from delivery.preferences.selectors import topics
from delivery.unsubscribe import unsubscribe_recipient
from events.services import record
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 6, 2, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_berlin(settings):
    settings.SHOP_TIME_ZONE, settings.SHOP_COUNTRY, settings.PUBLIC_URL = (
        "Europe/Berlin",
        "DE",
        "https://s.example",
    )


def words(now):
    blocks = [
        {"kind": "header", "title": "Shop"},
        {"kind": "text", "text": "Hello {{ customer.first_name }}, tea is here."},
        {"kind": "image", "url": "https://s.example/tea.png", "alt": "Tea"},
        {"kind": "button", "label": "Look", "url": "https://s.example/tea"},
        {"kind": "footer"},
    ]
    return create_template(
        name="Words", subject="Tea for {{ customer.first_name }}", preheader="", blocks=blocks, now=now
    )


def test_an_sms_says_the_words_and_the_way_out_and_leaves_the_rest(settings):
    settings.TRACKING = False
    ada, ben = make_customers(2, now=NOON)
    for customer, phone in ((ada, "+4915112345678"), (ben, "+4915112345679")):
        customer.phone, customer.first_name = phone, "Ada"
        customer.save()
    record_consents([ConsentRow(ada.pk, "sms", True, "form", NOON, topic="newsletter")], NOON)
    record_consents([ConsentRow(ben.pk, "sms", True, "form", NOON)], NOON)  # to marketing, not to this
    campaign = make_campaign(NOON, channel="sms", topic="newsletter", content=words(NOON))
    preview = actions.preview_campaign(campaign, user=None, now=NOON)
    assert (preview.reach.no_consent, preview.reach.would_get) == (1, 1)
    assert preview.content.text == "Hello Ada, tea is here. https://s.example/tea"
    actions.launch_campaign(campaign, user=None, now=NOON)
    deliver(Run.objects.get().pk, clock=lambda: NOON)
    [sms] = ReceivedMessage.objects.all()
    assert sms.text == "Hello Ada, tea is here. https://s.example/tea Abmelden: STOP"
    assert dict(Message.objects.values_list("customer__external_id", "skip_reason")) == {
        "c0": "", "c1": "no_consent"
    }  # fmt: skip


def test_an_onsite_message_has_title_words_picture_and_where_it_leads(settings):
    settings.TRACKING = False
    MarketRule.objects.create(market="*", channel="onsite", consent="opt_out")
    make_customers(1, now=NOON)
    Customer.objects.update(first_name="Ada")
    actions.launch_campaign(make_campaign(NOON, channel="onsite", content=words(NOON)), user=None, now=NOON)
    assert deliver(Run.objects.get().pk, clock=lambda: NOON) == 1
    shown = OnsiteMessage.objects.get()
    assert (shown.title, shown.text, shown.url) == (
        "Tea for Ada", "Hello Ada, tea is here.", "https://s.example/tea"
    )  # fmt: skip


def test_a_channel_without_mail_needs_words_and_no_postal_address(settings):
    settings.SHOP_POSTAL_ADDRESS = ""
    content = create_template(
        name="Empty", subject="Hello", preheader="", now=NOON,
        blocks=[{"kind": "header", "title": "Shop"}, {"kind": "footer"}],
    )  # fmt: skip
    campaign = make_campaign(NOON, channel="sms", content=content)
    found = actions.preview_campaign(campaign, user=None, now=NOON).problems
    assert len(found) == 1
    assert "no text" in found[0]


def test_unsubscribing_and_caps_go_by_the_campaigns_topic(postbox, settings):
    settings.SHOP_COUNTRY, settings.SHOP_TIME_ZONE = "FR", "Europe/Paris"  # a plain consent will do
    [ada] = make_customers(1, now=NOON)
    record_consents([ConsentRow(ada.pk, "email", True, "form", NOON, topic="newsletter")], NOON)
    FrequencyCap.objects.create(name="news", topic="newsletter", most=1, days=7)
    for slug, topic in (("a", "newsletter"), ("b", "marketing"), ("c", "newsletter")):
        actions.launch_campaign(make_campaign(NOON, slug=slug, topic=topic), user=None, now=NOON)
        deliver(Run.objects.get(state="running").pk, clock=lambda: NOON)
    told = list(Message.objects.order_by("run_id").values_list("run__topic", "state", "skip_reason"))
    assert told == [
        ("newsletter", "sent", ""), ("marketing", "sent", ""), ("newsletter", "skipped", "capped")
    ]  # fmt: skip
    first = Message.objects.order_by("run_id").select_related("run").first()
    assert unsubscribe_url(first)
    unsubscribe_recipient(first, now=NOON)
    granted = {c.key: c.granted for topic in topics(ada) for c in topic.choices if c.channel == "email"}
    assert (granted["email:newsletter"], granted["email:marketing"]) == (False, True)


def test_a_recurring_campaigns_report_counts_all_sendings_and_nobody_twice(settings):
    MarketRule.objects.create(market="*", channel="onsite", consent="opt_out")
    people = make_customers(3, now=NOON)
    campaign = make_campaign(
        NOON,
        channel="onsite",
        content=words(NOON),
        timing="recurring",
        every="day",
        at_time=time(14),
        goal_days=2,
    )
    actions.launch_campaign(campaign, user=None, now=NOON)
    two = NOON + timedelta(hours=2)
    for day in range(3):
        now = two + timedelta(days=day)
        assert launch_due(now=now, as_of=now) == 1
        if day == 2:
            make_customers(1, now=now, first=9)  # came too late for all of them
        for run in Run.objects.filter(state="running"):
            deliver(run.pk, clock=lambda: now)  # noqa: B023
    # On the second evening: within the windows of the first and the second sending.
    bought = two + timedelta(days=1, hours=4)
    record(
        [{"source": "shop", "message_id": "o1", "type": "purchase", "customer_id": people[0].pk,
          "occurred_at": bought, "order_id": "o1", "amount": Decimal("12.50"), "currency": "USD"}],
        bought,
    )  # fmt: skip
    now = two + timedelta(days=6)
    report = selectors.report(campaign, now=now)
    assert (report.parts.audience, report.parts.sent, report.sent_times) == (9, 9, 3)
    [outcome] = report.outcomes
    assert (outcome.people, outcome.buyers, outcome.orders, outcome.revenue) == (3, 1, 1, Decimal("12.50"))
    runs = list(Run.objects.order_by("created_at"))
    assert [sending.run for sending in report.sendings] == runs[::-1]
    by_run = [selectors.report(campaign, now=now, sending=run) for run in runs]
    assert [r.parts.audience for r in by_run] == [3, 3, 3]
    assert [r.outcomes[0].orders for r in by_run] == [1, 1, 0]  # the third came after the order
    assert [one["launch"] for one in as_json(report)["sendings"]] == [
        "2026-06-04",
        "2026-06-03",
        "2026-06-02",
    ]
