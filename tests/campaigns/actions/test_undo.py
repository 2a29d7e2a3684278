"""Sixty seconds in which a launch can be taken back: then it goes once, or it has never been."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from accounts.models import AuditEntry
from campaigns import actions
from campaigns.coupons.models import Coupon
from campaigns.errors import CampaignNotReady
from campaigns.experiments.models import Assignment, Exposure
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from campaigns.schedule.due import begin_due, launch_due
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from tests.campaigns.actions.test_launch import make_coupon
from tests.campaigns.schedule.plain import make_campaign, plain_content
from tests.factories.campaigns import make_test
from tests.factories.delivery import make_customers
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(seconds=60)


@pytest.fixture
def people(now):
    return make_customers(12, now=now)


def beat(now):
    return begin_due(now=now, as_of=now)


def put(campaign, now, user=None) -> Campaign:
    return actions.put_in_order(campaign, user=user, now=now, as_of=now)


def test_what_is_taken_back_has_never_been(people, now, member, postbox):
    campaign = make_coupon(people, now, codes=20)
    campaign.experiment = make_test(now=now, holdout=0.25)
    campaign.save()
    marketer = member("marketer")
    before = Campaign.objects.filter(pk=campaign.pk).values().get()
    put(campaign, now, marketer)
    assert Campaign.objects.get().undo_until == now + MINUTE
    assert beat(now + timedelta(seconds=59)) == launch_due(now=now + timedelta(seconds=59), as_of=now) == 0
    actions.undo_launch(campaign, user=marketer, now=now + timedelta(seconds=59))
    assert [beat(now + minutes * MINUTE) for minutes in (1, 60)] == [0, 0]
    assert Campaign.objects.filter(pk=campaign.pk).values().get() == before
    assert not Run.objects.exists() and not Assignment.objects.exists() and not Exposure.objects.exists()
    assert not Coupon.objects.exclude(customer=None).exists()
    assert postbox.mails == []
    said = list(AuditEntry.objects.filter(object_id=str(campaign.pk)).values_list("action", flat=True))
    assert said[:2] == ["undo_launch", "put_in_order"]


def test_what_is_not_taken_back_goes_once(people, now, member, postbox):
    campaign = make_campaign(now)
    marketer = member("marketer")
    put(campaign, now, marketer)
    put(campaign, now + timedelta(seconds=1), marketer)  # a second press does not begin the minute anew
    assert [beat(now + MINUTE) for _ in range(2)] == [1, 0]
    with pytest.raises(CampaignNotReady, match="begun already"):
        actions.undo_launch(campaign, user=marketer, now=now + MINUTE)
    for run in Run.objects.all():
        deliver(run.pk, clock=lambda: now + MINUTE)
    assert len(postbox.mails) == Message.objects.filter(state="sent").count() == 12
    entry = AuditEntry.objects.get(action="launch_campaign")
    assert (entry.user, entry.after["audience"]) == (marketer, 12)


def test_a_promotion_is_off_until_the_minute_is_over(people, now):
    promotion = PromotionFactory(created_at=now, active=False)
    campaign = make_campaign(now, kind="promotion", promotion=promotion, content=plain_content(now))
    put(campaign, now)
    assert not Promotion.objects.get().active
    beat(now + MINUTE)
    assert Promotion.objects.get().active


def test_beats_and_somebody_who_takes_it_back_at_the_same_moment(people, now):
    """Either it has begun, or it is a draft; never both, and never twice."""
    campaign = make_campaign(now)
    put(campaign, now)
    barrier, undone = threading.Barrier(4), []

    def undo():
        barrier.wait()
        try:
            actions.undo_launch(campaign, user=None, now=now + MINUTE)
            undone.append(True)
        except CampaignNotReady:
            undone.append(False)
        connection.close()

    def begin():
        barrier.wait()
        beat(now + MINUTE)
        connection.close()

    threads = [threading.Thread(target=work) for work in (undo, begin, begin, begin)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    campaign.refresh_from_db()
    runs = Run.objects.count()
    assert (undone, campaign.state, runs) in [([True], "draft", 0), ([False], "running", 1)]


def test_what_is_not_in_order_any_more_is_a_draft_again_and_says_why(people, now, settings):
    campaign = make_campaign(now)
    put(campaign, now)
    settings.SHOP_POSTAL_ADDRESS = ""
    assert beat(now + MINUTE) == 0
    campaign.refresh_from_db()
    assert (campaign.state, campaign.undo_until) == ("draft", None)
    assert "postal address" in campaign.stopped_by[0]
    assert not Run.objects.exists()
    actions.change_campaign(campaign, {"name": "Better"}, version=0, user=None, now=now)
    campaign.refresh_from_db()
    assert campaign.stopped_by == []


def test_what_is_scheduled_can_be_taken_back_until_its_moment(people, now):
    later = now + timedelta(days=2)
    campaign = make_campaign(now, timing="at", on_day=later.date(), at_time=later.time())
    actions.launch_campaign(campaign, user=None, now=now)
    actions.undo_launch(campaign, user=None, now=now + timedelta(days=1))
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_at, campaign.launched_at) == ("draft", None, None)
    assert launch_due(now=later, as_of=later) == 0
    assert not Run.objects.exists()


def test_only_who_may_launch_takes_back(people, now, member):
    campaign = make_campaign(now)
    put(campaign, now)
    with pytest.raises(PermissionDenied):
        actions.undo_launch(campaign, user=member("viewer"), now=now)
    assert Campaign.objects.get().undo_until is not None
