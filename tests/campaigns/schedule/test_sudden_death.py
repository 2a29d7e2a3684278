"""Beats killed between claiming what is due and having done it: another one does it, once."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from campaigns import actions
from campaigns.models import Campaign, Firing
from campaigns.schedule.due import launch_due
from campaigns.schedule.triggers import fire_triggers
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from events import changes
from events.services import record
from tests.campaigns.dying import by_rivals, killed_at
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 5


@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("campaigns.schedule.due.latest_slot", False),  # claimed, nothing done
        ("campaigns.schedule.due.send", False),  # frozen, not committed
        ("campaigns.schedule.due.audit.record", False),  # all done, not committed
        ("campaigns.schedule.due._apart", True),  # committed, and nobody told
    ],
)
def test_a_slot_is_launched_once_whoever_dies_over_it(point, done, postbox, now):
    make_customers(PEOPLE, now=now)
    at = now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    campaign = make_campaign(now, timing="at", on_day=at.date(), at_time=at.time())
    actions.launch_campaign(campaign, user=None, now=now)
    campaign.refresh_from_db()
    due = campaign.next_at
    killed_at(point, partial(launch_due, now=due, as_of=due))
    assert by_rivals(partial(launch_due, now=due, as_of=due)) == ([0, 0, 0] if done else [0, 0, 1])
    assert (Run.objects.count(), Message.objects.count()) == (1, PEOPLE)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_at) == ("running", None)
    assert deliver(Run.objects.get().pk, clock=lambda: due) == PEOPLE
    assert Counter(m["To"] for m in postbox.mails) == {f"c{k}@demo.invalid": 1 for k in range(PEOPLE)}


@pytest.mark.parametrize(
    ("point", "before", "done"),
    [
        ("campaigns.schedule.triggers.changes.take", False, False),  # taken, not looked at
        ("campaigns.schedule.triggers.delivery.join", False, False),  # message there, not committed
        ("campaigns.schedule.triggers.changes.acknowledge", True, True),  # committed, not acknowledged
    ],
)
def test_a_trigger_fires_once_whoever_dies_over_it(point, before, done, postbox, now):
    people = make_customers(PEOPLE, now=now)
    campaign = make_campaign(now, timing="triggered", trigger_event="add_to_cart", delay_minutes=30)
    actions.launch_campaign(campaign, user=None, now=now)
    at = now + timedelta(minutes=1)
    record(
        [
            {"source": "shop", "message_id": f"cart{c.pk}", "type": "add_to_cart", "customer_id": c.pk,
             "occurred_at": at}
            for c in people
        ],
        at,
    )  # fmt: skip
    killed_at(point, partial(fire_triggers, now=at, as_of=at), before=before)
    assert fire_triggers(now=at, as_of=at) == 0  # the dead one's lease still holds
    later = at + changes.LEASE + timedelta(seconds=1)
    assert sum(by_rivals(partial(fire_triggers, now=later, as_of=later))) == (0 if done else PEOPLE)
    assert (Firing.objects.count(), Message.objects.count()) == (PEOPLE, PEOPLE)
    assert Run.objects.get().audience == PEOPLE
    assert set(Message.objects.values_list("due_at", flat=True)) == {at + timedelta(minutes=30)}
    assert deliver(Run.objects.get().pk, clock=lambda: at + timedelta(minutes=29)) == 0
    assert deliver(Run.objects.get().pk, clock=lambda: at + timedelta(minutes=30)) == PEOPLE
    assert Counter(m["To"] for m in postbox.mails) == {f"c{k}@demo.invalid": 1 for k in range(PEOPLE)}
    assert Campaign.objects.get().state == "running"
