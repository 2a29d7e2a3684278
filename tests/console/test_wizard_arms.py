"""The arms of a test in the wizard: planned, advised on, and seen as people will get them."""

import pytest

from campaigns import actions
from campaigns.actions.plan_test import ArmPlan
from campaigns.content.services import create_template
from campaigns.coupons import pools
from campaigns.coupons.models import Coupon
from campaigns.models import Campaign
from campaigns.planning.forecast import forecast
from customers.models import Customer
from delivery.models import Message
from tests.campaigns.schedule.plain import make_campaign
from tests.console.wizard import compare, framed, live, now, patch, people, sign_in
from tests.factories.campaigns import starter
from tests.factories.coupons import PoolFactory
from tests.factories.promotions import PromotionFactory

__all__ = ["now", "people"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_test_is_planned_and_advised(people, now):
    client, draft = sign_in("marketer"), make_campaign(now, goal_days=5)
    test = {"lever": "subject", "arms": ["One", "Two", "{{ nobody.home }}"], "holdout": "10", "tested": True,
            "test_share": "10", "metric": "revenue", "decide_after": "5"}  # fmt: skip
    assert list(patch(client, draft, 0, test=test).json()["errors"]) == ["arm2"]
    assert Campaign.objects.get().experiment is None
    test["arms"][2] = "Three"
    assert patch(client, draft, 0, test=test).json() | {"saved": ""} == {
        "version": 1, "errors": {}, "name": "C", "saved": "",
    }  # fmt: skip
    draft = Campaign.objects.select_related("experiment").get()
    assert [v.levers for v in draft.experiment.variants.all()] == [
        {"subject": "One"}, {"subject": "Two"}, {"subject": "Three"},
    ]  # fmt: skip
    assert (float(draft.experiment.holdout_share), draft.experiment.metric) == (0.1, "revenue")
    assert draft.experiment.waves.get(number=1).high == 1000
    assert 'data-plan="advice"' in live(client, draft, "test")
    patch(
        client, draft, 1, test={"lever": "", "arms": [], "holdout": 0, "metric": "revenue", "decide_after": 3}
    )
    assert Campaign.objects.get().experiment is None


def test_arms_at_their_own_hours_arrive_as_it_is_sent(people, now, settings):
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    Customer.objects.update(time_zone="Europe/Berlin")
    Customer.objects.filter(pk__in=[p.pk for p in people[:4]]).update(time_zone="Asia/Tokyo")
    draft = make_campaign(now)
    arms = [
        ArmPlan("a", "A: 09:00", {"send_hour": 9}, 1, True),
        ArmPlan("b", "B: 18:00", {"send_hour": 18}, 3),
    ]
    compare(draft, arms, now)
    found = forecast(draft, now=now, as_of=now)
    lines = {(line.zone, line.arm): line for line in found.zones}
    assert {key: (line.people, line.local.hour) for key, line in lines.items()} == {
        ("Europe/Berlin", "A: 09:00"): (2, 9), ("Europe/Berlin", "B: 18:00"): (6, 18),
        ("Asia/Tokyo", "A: 09:00"): (1, 9), ("Asia/Tokyo", "B: 18:00"): (3, 18),
    }  # fmt: skip
    shown = live(sign_in("marketer"), draft, "review")
    assert shown.count("A: 09:00") == shown.count("B: 18:00") == 2
    # What is sent keeps to it, to the second.
    actions.launch_campaign(draft, user=None, now=now, as_of=now)
    for message in Message.objects.select_related("customer"):
        arm = {"a": "A: 09:00", "b": "B: 18:00"}[message.context["variant"]]
        assert message.due_at == lines[message.customer.time_zone, arm].due


def test_an_arm_is_seen_with_its_own_words_code_and_value(people, now):
    of_ten = PoolFactory(created_at=now, name="Ten", prefix="TEN")
    half = PromotionFactory(created_at=now, name="Half off", benefit={"kind": "percent", "percent": "50"})
    of_half = PoolFactory(created_at=now, name="Half", prefix="HALF", promotion=half)
    for pool in (of_ten, of_half):
        pools.generate_codes(pool, 2, now=now)
    draft = make_campaign(now, kind="coupon", pool=of_ten, content=starter("coupon", now=now))
    arms = [
        ArmPlan("a", "A: Ten", {"pool": str(of_ten.pk)}, 1, True),
        ArmPlan("b", "B: Half", {"pool": str(of_half.pk), "subject": "Only for you"}),
    ]
    compare(draft, arms, now)
    client = sign_in("marketer")
    for step in ("content", "test", "review"):
        first, second = live(client, draft, step), live(client, draft, step, arm="b")
        assert 'data-see-arm="a" data-key="arm-a" aria-pressed="true"' in first
        assert "A code of “Ten”: Promotion" in first and "10% off for you" in first
        assert "Only for you" not in first
        assert "A code of “Half”: Half off" in second and "Only for you" in second
        # The mail itself, as the frame shows it.
        assert "TENAB-CDEFG-H23" in framed(client, first) and "HALFA-BCDEF-GH23" in framed(client, second)
        # For somebody made up, too.
        made_up = live(client, draft, step, arm="b", person="stranger")
        assert "Only for you" in made_up
        if step == "content":
            assert "HALFA-BCDEF-GH23" in framed(client, made_up)
    assert Coupon.objects.filter(customer=None).count() == 4, "a look spends no code"


def test_an_arm_without_a_coupon_says_so(people, now):
    pool = PoolFactory(created_at=now, name="Ten")
    pools.generate_codes(pool, 2, now=now)
    content = create_template(
        name="Perhaps", subject="For you", now=now,
        blocks=[
            {
                "kind": "conditional", "when": {"about": "coupon"},
                "blocks": [{"kind": "coupon", "label": "Your code"}],
                "otherwise": [{"kind": "text", "text": "Good things, as ever."}],
            },
            {"kind": "footer"},
        ],
    )  # fmt: skip
    draft = make_campaign(now, kind="coupon", pool=pool, content=content)
    arms = [ArmPlan("a", "A", {"value": 0}, 1, True), ArmPlan("b", "B", {"value": 10, "pool": str(pool.pk)})]
    compare(draft, arms, now, "margin")
    client = sign_in("marketer")
    without, given = live(client, draft, "content"), live(client, draft, "content", arm="b")
    assert "This arm gets no coupon." in without and "A code of “Ten”" in given
    mail = framed(client, without)
    assert "Good things" in mail and "ABCDE-FGH23" not in mail
    assert "ABCDE-FGH23" in framed(client, given)


def test_arms_of_pools_and_hours(people, now):
    client = sign_in("marketer")
    promotions = [
        PromotionFactory(
            created_at=now, slug=f"off-{n}", benefit={"kind": "amount", "amount": {"USD": str(n)}}
        )
        for n in (5, 10)
    ]
    five, ten = [PoolFactory(created_at=now, name=f"Pool {n}", promotion=p) for n, p in enumerate(promotions)]
    for pool, codes in ((five, 20), (ten, 4)):
        pools.generate_codes(pool, codes, now=now)
    draft = make_campaign(now, kind="coupon", pool=five, content=starter("coupon", now=now))
    test = {
        "lever": "pool",
        "arms": [str(five.pk), "nothing"],
        "holdout": "0",
        "metric": "revenue",
        "decide_after": 5,
    }
    assert patch(client, draft, 0, test=test).json()["errors"] == {"arm1": "Choose a coupon pool."}
    test["arms"][1] = str(ten.pk)
    assert patch(client, draft, 0, test=test).json()["errors"] == {}
    draft = Campaign.objects.select_related("experiment", "pool__promotion", "content__template").get()
    assert [(v.name, v.levers) for v in draft.experiment.variants.order_by("id")] == [
        ("A: Pool 0", {"pool": str(five.pk)}), ("B: Pool 1", {"pool": str(ten.pk)}),
    ]  # fmt: skip
    # Six people draw from each pool; the second one has four codes: two go without.
    found = forecast(draft, now=now, as_of=now)
    assert (found.people, found.codes_missing, found.codes, found.liability) == (10, 2, 10, 6 * 5 + 4 * 10)
    assert found.code_value == 7
    page = client.get(f"/admin/campaigns/{draft.pk}/plan/test/").content.decode()
    assert 'value="pool" checked' in page and 'value="send_hour"' in page
    patch(client, draft, 1, test=test | {"lever": "send_hour", "arms": ["9", "24"]})
    assert Campaign.objects.get().version == 1
    patch(client, draft, 1, test=test | {"lever": "send_hour", "arms": ["9", "18"]})
    draft = Campaign.objects.select_related("experiment").get()
    assert [(v.name, v.levers) for v in draft.experiment.variants.order_by("id")] == [
        ("A: 09:00", {"send_hour": 9}), ("B: 18:00", {"send_hour": 18}),
    ]  # fmt: skip
    patch(client, draft, 2, timing="triggered", trigger_event="visit")
    assert "what a customer sets off goes at its own moment" in live(client, draft, "review")
