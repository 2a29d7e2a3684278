"""18: quiet hours and three a week; the preflight shows how many each rule will drop, and that is so."""

from datetime import timedelta

from campaigns import actions
from core import clock
from customers.models import Customer
from delivery.models import FrequencyCap, Message, QuietHours, Run
from delivery.outbox.send import deliver
from tests.campaigns.schedule.plain import make_campaign
from tests.scenarios.planning import (  # noqa: F401  fixtures
    MARKS,
    begin,
    pass_minute,
    people,
    postbox,
    send,
    step,
    window,
)  # fmt: skip

pytestmark = MARKS


def test_each_rule_is_counted(window, people, settings, postbox):  # noqa: F811
    settings.QUIET_HOURS, settings.SHOP_TIME_ZONE = True, "UTC"
    now = clock.now()
    begins, ends = (now - timedelta(hours=1)).time(), (now + timedelta(hours=2)).time()
    # It is the middle of the night where four live; where the others do, it is five hours later.
    Customer.objects.filter(pk__in=[p.pk for p in people[:4]]).update(time_zone="UTC")
    Customer.objects.filter(pk__in=[p.pk for p in people[4:]]).update(time_zone="Asia/Karachi")
    QuietHours.objects.create(name="Night", begins=begins, ends=ends)
    FrequencyCap.objects.create(name="Three a week", most=3, days=7)
    before = actions.launch_campaign(make_campaign(now, slug="before"), user=None, now=now)
    run = Run.objects.get(reference=str(before.pk))
    had = Message.objects.get(run=run, customer=people[11])
    Message.objects.exclude(pk=had.pk).delete()
    for number in range(3):
        Message.objects.create(
            run=run, source="campaign", customer_id=people[11].pk, step=number + 1, channel="email",
            state="sent", due_at=now, sent_at=now - timedelta(days=number + 1),
        )  # fmt: skip
    had.delete()
    campaign = begin(window, "sell")
    step(window, campaign, "review")
    page = window.page
    assert page.inner_text("[data-leaving=capped]").split()[-1] == "1"
    assert page.inner_text("[data-plan=waiting]").startswith("bedtime\n4 people") or "4 people" in (
        page.inner_text("[data-plan=waiting]")
    )
    assert "Send to 11 people" in page.inner_text(".pw-send")
    send(window)
    pass_minute()
    sent = Message.objects.filter(run__reference=str(campaign.pk))
    assert {m.customer_id for m in sent.filter(state="skipped", skip_reason="capped")} == {people[11].pk}
    waiting = sent.filter(state="pending")
    assert {m.customer_id for m in waiting} == {p.pk for p in people[:4]}
    assert sent.filter(state="sent").count() == len(postbox.mails) == 7
    over = now + timedelta(hours=2, minutes=5)
    deliver(waiting.first().run_id, clock=lambda: over)
    assert len(postbox.mails) == 11
    assert window.complaints == []
