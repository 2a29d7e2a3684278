"""26: abandoned cart: wait an hour, leave if bought, else a coupon; buying during the wait sends nothing."""

from datetime import timedelta

from campaigns.coupons.models import Coupon
from campaigns.models import Campaign
from campaigns.schedule.triggers import fire_triggers
from core import clock
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from events.services import record
from tests.scenarios.planning import (  # noqa: F401  fixtures
    MARKS,
    begin,
    make_pool,
    pass_minute,
    people,
    postbox,
    saved,
    send,
    step,
    window,
)  # fmt: skip

pytestmark = MARKS


def happens(kind, customer, at) -> None:
    """Tell what a customer did."""
    event = {
        "source": "shop", "message_id": f"{kind}{customer.pk}", "type": kind, "customer_id": customer.pk,
        "occurred_at": at,
    }  # fmt: skip
    record([event], at)


def test_a_cart_left_for_an_hour_brings_a_code(window, people, postbox):  # noqa: F811
    make_pool(30)
    campaign = begin(window, "cart", ready=True)
    page = window.page
    page.check("[data-field=parts][value=coupon]")
    saved(window)
    step(window, campaign, "content")
    page.check("[data-field=content][aria-label='A coupon for you']", force=True)
    page.check("[data-field=pool]", force=True)
    saved(window)
    step(window, campaign, "review")
    page.wait_for_selector(".pw-send:has-text('Switch it on')")
    send(window)
    pass_minute()
    assert Campaign.objects.get().state == "running"
    left = clock.now() + timedelta(minutes=5)
    for customer in people[:2]:
        happens("add_to_cart", customer, left)
    happens("purchase", people[1], left + timedelta(minutes=30))
    happens("view", people[2], left)

    def at(moment) -> set[str]:
        fire_triggers(now=moment, as_of=moment)
        for run in Run.objects.filter(state="running"):
            deliver(run.pk, clock=lambda: moment)
        return {mail["To"] for mail in postbox.mails}

    assert at(left + timedelta(minutes=1)) == set()
    assert at(left + timedelta(minutes=59)) == set()
    assert at(left + timedelta(minutes=61)) == {"c0@demo.invalid"}
    assert at(left + timedelta(hours=5)) == {"c0@demo.invalid"}
    assert Message.objects.get(state="skipped").skip_reason == "overtaken"
    code = Coupon.objects.exclude(customer=None).get()
    assert code.customer == people[0]
    assert window.complaints == []
