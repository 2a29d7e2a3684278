"""What a campaign tests, from the plan to the mails of each arm and the winner's turn."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from campaigns import actions
from campaigns.actions import ArmPlan, plan_test
from campaigns.errors import CampaignNotReady
from campaigns.experiments.models import Assignment, Experiment, Exposure
from campaigns.models import Campaign
from campaigns.selectors import runs_of
from core import clock
from delivery.models import Message
from delivery.outbox.send import deliver
from tests.factories.campaigns import make_lists, make_products, starter
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db(transaction=True)

PLAN = {"holdout_share": 0.0, "test_share": None, "metric": "clicked", "decide_after_days": 2}


@pytest.fixture
def campaign(now):
    people = make_customers(24, now=now)
    make_lists("popularity", make_products(6, now=now), people, now=now, champion=True)
    return actions.create_campaign(
        slug="picks", name="Picks", kind="email", user=None, now=now, content=starter("welcome", now=now)
    )


def arms(**second):
    return [ArmPlan("a", "A"), ArmPlan("b", "B", second or {"subject": "Second"})]


def test_subjects_and_contents_differ_by_arm(campaign, now, postbox):
    other = starter("recommendations", now=now)
    plan = [
        ArmPlan("a", "A", {"subject": "First"}),
        ArmPlan("b", "B", {"subject": {"en": "Second", "zh-hans": "第二"}, "content": str(other.pk)}),
    ]
    experiment = plan_test(campaign, user=None, now=now, arms=plan, **PLAN)
    assert [v.is_control for v in experiment.variants.all()] == [True, False]
    campaign.refresh_from_db()
    actions.launch_campaign(campaign, user=None, now=now)
    (run,) = runs_of(campaign)
    deliver(run.pk, clock=clock.now)
    arm = dict(Assignment.objects.values_list("customer__external_id", "variant__key"))
    assert set(arm.values()) == {"a", "b"}
    assert len(postbox.mails) == 24
    for mail in postbox.mails:
        key = arm[mail["To"].partition("@")[0]]
        assert mail["Subject"] == {"a": "First", "b": "Second"}[key]
    templates = {m.context["variant"]: m.context["template"] for m in Message.objects.filter(run=run)}
    assert templates == {"a": campaign.content_id, "b": other.pk}
    assert Exposure.objects.filter(ghost=False).count() == 24
    assert Exposure.objects.exclude(message=None).count() == 24


def test_one_arm_with_a_holdout_is_a_test_and_without_is_none(campaign, now):
    one = [ArmPlan("a", "A")]
    held = plan_test(campaign, user=None, now=now, arms=one, **PLAN | {"holdout_share": 0.2})
    assert held.variants.get().is_control
    campaign.refresh_from_db()
    assert campaign.experiment == held
    assert plan_test(campaign, user=None, now=now, arms=one, **PLAN) is None
    campaign.refresh_from_db()
    assert campaign.experiment is None
    assert not Experiment.objects.exists()


def test_a_plan_is_replaced_under_its_own_name(campaign, now):
    first = plan_test(campaign, user=None, now=now, arms=arms(), **PLAN)
    second = plan_test(campaign, user=None, now=now, arms=arms(strategy="popularity"), **PLAN)
    assert (first.key, second.key) == ("picks", "picks")
    assert first.salt != second.salt
    assert list(Experiment.objects.all()) == [second]


def test_held_out_people_are_noted_as_ghosts_when_it_would_have_gone(campaign, now, postbox):
    make_customers(6, now=now, consent=False, first=24)
    plan_test(campaign, user=None, now=now, arms=arms(), **PLAN | {"holdout_share": 0.4})
    campaign.refresh_from_db()
    actions.launch_campaign(campaign, user=None, now=now)
    (run,) = runs_of(campaign)
    deliver(run.pk, clock=clock.now)
    willing = Assignment.objects.filter(customer__external_id__in=[f"c{n}" for n in range(24)])
    held = willing.filter(variant=None)
    assert 0 < held.count() < 24
    # Who never agreed is met by no message, in neither group.
    assert Exposure.objects.count() == 24
    assert set(Exposure.objects.filter(ghost=True).values_list("assignment", flat=True)) == set(
        held.values_list("pk", flat=True)
    )


def test_only_the_tests_share_is_written_to_at_first(campaign, now, postbox):
    experiment = plan_test(campaign, user=None, now=now, arms=arms(), **PLAN | {"test_share": 0.5})
    campaign.refresh_from_db()
    actions.launch_campaign(campaign, user=None, now=now)
    (run,) = runs_of(campaign)
    deliver(run.pk, clock=clock.now)
    first, rest = experiment.waves.all()
    assert (first.low, first.high, rest.low, rest.high) == (0, 5000, 5000, 10000)
    assert rest.due_at == now + timedelta(days=2)
    assert 0 < len(postbox.mails) == Assignment.objects.filter(wave=first).count() < 24
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.RUNNING


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"arms": []}, "1 to 8 arms"),
        ({"arms": arms(price=3)}, "no lever"),
        ({"arms": arms(strategy="nonsense")}, "no such strategy"),
        ({"arms": arms(content="999999")}, "does not exist"),
        ({"arms": arms(send_hour=25)}, "0 to 23"),
        ({"arms": [ArmPlan("a", "A")], "test_share": 0.1}, "second arm"),
        ({"arms": arms(), "test_share": 0.99}, "1 % to 90 %"),
        ({"arms": arms(), "decide_after_days": 0}, "1 to 365"),
        ({"arms": arms(), "metric": "luck"}, "no metric"),
    ],
)
def test_what_cannot_be_tested_is_refused_with_a_sentence(campaign, now, change, words):
    with pytest.raises((ValidationError, ValueError), match=words):
        plan_test(campaign, user=None, now=now, **{"arms": arms()} | PLAN | change)
    assert not Experiment.objects.exists()


def test_a_reader_plans_nothing_and_a_launched_campaign_keeps_its_test(campaign, now, member):
    with pytest.raises(PermissionDenied):
        plan_test(campaign, user=member("viewer"), now=now, arms=arms(), **PLAN)
    actions.launch_campaign(campaign, user=None, now=now)
    with pytest.raises(CampaignNotReady):
        plan_test(campaign, user=None, now=now, arms=arms(), **PLAN)
