"""From a draft to mails that really arrive."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import AuditEntry
from campaigns import actions, selectors
from campaigns.coupons import pools
from campaigns.coupons.models import Coupon
from campaigns.errors import CampaignNotReady
from campaigns.experiments.models import Assignment
from campaigns.models import Campaign
from core import clock
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from events.services import record
from tests.factories.campaigns import make_lists, make_products, make_test, starter
from tests.factories.coupons import PoolFactory
from tests.factories.delivery import make_customers
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(now):
    """Twelve who agreed, and two who did not."""
    return [*make_customers(12, now=now), *make_customers(2, now=now, consent=False, first=12)]


def make_mail(people, now, **fields) -> Campaign:
    products = make_products(6, now=now)
    make_lists("popularity", products, people, now=now, champion=True)
    make_lists("hybrid", products[::-1], people, now=now)
    fields = {"content": starter("recommendations", now=now)} | fields
    return actions.create_campaign(slug="picks", name="Picks", kind="email", user=None, now=now, **fields)


def make_coupon(people, now, codes, **promotion) -> Campaign:
    promo = PromotionFactory(created_at=now, **promotion)
    pool = PoolFactory(created_at=now, promotion=promo, valid_hours=48)
    if codes:
        pools.generate_codes(pool, codes, now=now)
    content = starter("coupon", now=now)
    return actions.create_campaign(
        slug="ten", name="Ten off", kind="coupon", content=content, pool=pool, user=None, now=now
    )


def send(campaign) -> Counter:
    run = selectors.run_of(campaign)
    deliver(run.pk, clock=clock.now)
    parts = selectors.report(campaign, now=clock.now()).parts
    audience, *rest = astuple(parts)
    assert audience == sum(rest)
    return Counter(dict(Message.objects.filter(run=run).values_list("id", "state")).values())


def test_two_arms_and_a_holdout_get_what_they_should(people, now, postbox, member):
    campaign = make_mail(people, now, experiment=make_test(now=now, holdout=0.3))
    campaign = actions.launch_campaign(campaign, user=member("marketer"), now=now)
    assert (campaign.state, campaign.as_of) == ("running", now)
    arms = dict(Assignment.objects.values_list("customer__external_id", "variant__key"))
    assert len(arms) == 14
    ended = send(campaign)
    held = sum(arm is None for arm in arms.values())
    assert held > 0
    assert ended["held_out"] == held
    assert ended["sent"] + ended["skipped"] + ended["held_out"] == 14
    assert len(postbox.mails) == ended["sent"] > 0
    for mail in postbox.mails:
        arm = arms[mail["To"].partition("@")[0]]
        text = mail.get_body(("plain",)).get_content()
        first, last = text.find("Product 0"), text.find("Product 5")
        if arm == "control":
            assert mail["Subject"] == "Hello, we picked these for you"
            assert first > 0 > last
        else:
            assert mail["Subject"] == "For you"
            assert last > 0 > first
        assert "1 Test Street, Testville" in text
        assert "/u/" in text
        assert "$1.50" in text or "$6.50" in text
    message = Message.objects.filter(state="sent").first()
    assert message.context["variant"] == arms[message.customer.external_id]
    assert len(message.context["products"]) == 5
    own = {"control": "popularity"}.get(message.context["variant"], "hybrid")
    assert message.context["by"] == own
    assert "filled" not in message.context
    unwilling = sum(arms[f"c{n}"] is not None for n in (12, 13))
    assert ended["skipped"] == unwilling
    assert sum(selectors.report(campaign, now=now).reasons.values()) == unwilling
    campaign.refresh_from_db()
    assert campaign.state == "finished"


def test_everyone_gets_a_code_of_their_own_while_there_are_codes(people, now, postbox):
    campaign = actions.launch_campaign(make_coupon(people, now, codes=10), user=None, now=now)
    ended = send(campaign)
    assert ended == {"sent": 10, "skipped": 4}
    assert selectors.report(campaign, now=now).reasons == {"no_consent": 2, "no_coupon": 2}
    assert Coupon.objects.filter(customer__isnull=False).count() == 10
    shown = set()
    for mail in postbox.mails:
        code = Coupon.objects.get(customer__external_id=mail["To"].partition("@")[0]).code
        assert f"{code[:5]}-{code[5:]}" in mail.get_body(("html",)).get_content()
        assert mail["Subject"].startswith("10% off for you")
        shown.add(code)
    assert len(shown) == 10


def test_nobody_spends_a_code_who_gets_no_mail(people, now, postbox):
    make_products(1, now=now)
    make_lists("popularity", [], people, now=now, champion=True)
    pool = PoolFactory(created_at=now)
    pools.generate_codes(pool, 20, now=now)
    campaign = actions.create_campaign(
        slug="none", name="None", kind="email", content=starter("recommendations", now=now), pool=pool,
        user=None, now=now,
    )  # fmt: skip
    campaign = actions.launch_campaign(campaign, user=None, now=now)
    assert send(campaign) == {"skipped": 14}
    assert selectors.report(campaign, now=now).reasons == {"no_content": 12, "no_consent": 2}
    assert postbox.mails == []
    assert not Coupon.objects.filter(customer__isnull=False).exists()


def test_launching_twice_at_once_makes_one_run(people, now, postbox):
    campaign = make_coupon(people, now, codes=20)

    def launch(_n):
        try:
            return actions.launch_campaign(campaign, user=None, now=now).state
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as staff:
        assert set(staff.map(launch, range(4))) == {"running"}
    assert Run.objects.count() == 1
    assert Message.objects.count() == 14
    assert AuditEntry.objects.filter(action="launch_campaign").count() == 1
    send(campaign)
    assert len(postbox.mails) == 12
    actions.launch_campaign(campaign, user=None, now=now)
    assert Message.objects.count() == 14


def test_a_viewer_may_look_and_not_launch(people, now, member):
    campaign = make_coupon(people, now, codes=20)
    viewer, marketer = member("viewer"), member("marketer")
    for action in (actions.launch_campaign, actions.pause_campaign, actions.cancel_campaign):
        with pytest.raises(PermissionDenied):
            action(campaign, user=viewer, now=now)
    with pytest.raises(PermissionDenied):
        actions.create_campaign(slug="x", name="X", kind="email", user=viewer, now=now)
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    assert not Run.objects.exists()
    assert not AuditEntry.objects.filter(action="launch_campaign").exists()
    assert actions.preview_campaign(campaign, user=viewer, now=now).reach.audience == 14
    actions.launch_campaign(campaign, user=marketer, now=now)
    entry = AuditEntry.objects.get(action="launch_campaign")
    assert (entry.user, entry.actor, entry.before, entry.after["audience"]) == (
        marketer, "marketer", {"state": "draft"}, 14,
    )  # fmt: skip


def test_paused_resumed_and_cancelled(people, now, postbox):
    campaign = actions.launch_campaign(make_coupon(people, now, codes=20), user=None, now=now)
    actions.pause_campaign(campaign, user=None, now=now)
    assert actions.pause_campaign(campaign, user=None, now=now).state == "paused"
    assert send(campaign) == {"pending": 14}
    assert postbox.mails == []
    actions.resume_campaign(campaign, user=None, now=now)
    assert send(campaign) == {"sent": 12, "skipped": 2}
    campaign.refresh_from_db()
    assert campaign.state == "finished"
    with pytest.raises(CampaignNotReady):
        actions.resume_campaign(campaign, user=None, now=now)


def test_a_cancelled_campaign_writes_to_nobody(people, now, postbox):
    campaign = actions.launch_campaign(make_coupon(people, now, codes=20), user=None, now=now)
    assert actions.cancel_campaign(campaign, user=None, now=now).state == "cancelled"
    assert send(campaign) == {"skipped": 14}
    assert selectors.report(campaign, now=now).reasons == {"cancelled": 14}
    assert postbox.mails == []
    assert not Coupon.objects.filter(customer__isnull=False).exists()


def test_a_promotion_is_switched_on_and_sends_nothing(now):
    promo = PromotionFactory(created_at=now, active=False, needs_code=False)
    campaign = actions.create_campaign(
        slug="sale", name="Sale", kind="promotion", promotion=promo, user=None, now=now
    )
    campaign = actions.launch_campaign(campaign, user=None, now=now)
    promo.refresh_from_db()
    assert promo.active
    assert not Run.objects.exists()
    assert astuple(selectors.report(campaign, now=now).parts) == (0,) * 9
    actions.pause_campaign(campaign, user=None, now=now)
    promo.refresh_from_db()
    assert not promo.active


@pytest.mark.parametrize(
    ("kind", "words"),
    [("email", "content of the mail"), ("coupon", "coupon pool"), ("promotion", "promotion to switch on")],
)
def test_an_incomplete_draft_says_what_to_do(db, now, kind, words):
    campaign = actions.create_campaign(slug="x", name="X", kind=kind, user=None, now=now)
    with pytest.raises(CampaignNotReady, match=words):
        actions.launch_campaign(campaign, user=None, now=now)
    campaign.refresh_from_db()
    assert campaign.state == "draft"


def test_no_marketing_mail_without_a_postal_address(people, now, settings):
    settings.SHOP_POSTAL_ADDRESS = ""
    with pytest.raises(CampaignNotReady, match="postal address"):
        actions.launch_campaign(make_coupon(people, now, codes=20), user=None, now=now)


def test_a_preview_counts_and_burns_nothing(people, now):
    campaign = make_coupon(people, now, codes=5)
    preview = actions.preview_campaign(campaign, user=None, now=now)
    reach = preview.reach
    assert (reach.audience, reach.no_consent, reach.would_get) == (14, 2, 12)
    assert preview.codes_missing == 7
    assert preview.problems == []
    assert "ABCDE-FGH23" in preview.content.html
    assert preview.customer == people[0]
    assert not Coupon.objects.filter(customer__isnull=False).exists()
    assert not Message.objects.exists()
    assert not Assignment.objects.exists()


def test_outcomes_count_purchases_in_the_window_only_and_none_of_the_future(people, now, postbox, settings):
    campaign = actions.launch_campaign(make_coupon(people, now, codes=20), user=None, now=now)
    send(campaign)
    bought = [
        (people[0], 1, "9.90"),
        (people[0], 2, "5.00"),
        (people[1], 29, "7.00"),
        (people[2], -1, "3.00"),
    ]
    record(
        [
            {
                "source": "till",
                "message_id": f"m{n}",
                "type": "purchase",
                "customer_id": customer.pk,
                "order_id": f"o{n}",
                "amount": amount,
                "occurred_at": now + timedelta(days=days),
            }
            for n, (customer, days, amount) in enumerate(bought)
        ],
        now=now,
    )
    later = now + timedelta(days=30)
    [outcome] = selectors.report(campaign, now=later).outcomes
    assert (outcome.people, outcome.buyers, outcome.orders, str(outcome.revenue)) == (14, 1, 2, "14.90")
    [outcome] = selectors.report(campaign, now=now + timedelta(hours=36)).outcomes
    assert (outcome.people, outcome.buyers, outcome.orders, str(outcome.revenue)) == (14, 1, 1, "9.90")
    # A demo shop's data go on after its day; they are its future all the same.
    settings.SHOP_AS_OF = now.isoformat()
    [outcome] = selectors.report(campaign, now=later).outcomes
    assert (outcome.people, outcome.buyers, outcome.orders, outcome.revenue) == (14, 0, 0, 0)


def test_the_command_is_the_same_launch(people, now, capsys):
    make_coupon(people, now, codes=20)
    call_command("launch", "ten", "--as-of", "2017-11-06")
    assert "audience 14" in capsys.readouterr().out
    campaign = Campaign.objects.get(slug="ten")
    assert (campaign.state, campaign.as_of.isoformat()) == ("running", "2017-11-06T00:00:00+00:00")
    with pytest.raises(CommandError, match="no campaign “none”; there are: ten"):
        call_command("launch", "none")
    with pytest.raises(CommandError, match="not a date"):
        call_command("launch", "ten", "--as-of", "soon")
