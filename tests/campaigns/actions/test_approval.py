"""A second person: asked, agreed or refused; what changes the plan voids it; nobody agrees to their own."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import AuditEntry, Notice, Scope
from campaigns import actions
from campaigns.errors import ApprovalNeeded, CampaignNotReady, ChangedMeanwhile
from campaigns.models import Campaign, CampaignRules
from campaigns.planning.approval import is_approved, is_void, waiting_for
from campaigns.schedule.due import begin_due
from delivery.models import Run
from segments.models import Segment
from segments.services import save_segment
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.accounts import make_key
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(now, member):
    """Thirty people, a rule that asks for a second person above twenty, and three colleagues."""
    make_customers(30, now=now)
    CampaignRules.objects.create(pk=1, approval_above=20)
    return {role: member(role) for role in ("marketer", "approver", "viewer")}


@pytest.fixture
def campaign(shop, now):
    campaign = make_campaign(now)
    Campaign.objects.update(created_by=shop["marketer"])
    campaign.refresh_from_db()
    return campaign


def refused(campaign, user, now) -> str:
    with pytest.raises(ApprovalNeeded) as error:
        actions.launch_campaign(campaign, user=user, now=now)
    assert not Run.objects.exists()
    return str(error.value)


def test_two_people_send_a_large_campaign(shop, campaign, now):
    alice, bob = shop["marketer"], shop["approver"]
    assert "more than 20 people" in refused(campaign, alice, now)
    actions.ask_for_approval(campaign, user=alice, now=now, note="For Monday")
    assert [list(waiting_for(person)) for person in (alice, bob)] == [[], [campaign]]
    assert "has not decided" in refused(campaign, alice, now)
    actions.approve_campaign(campaign, user=bob, now=now, version=campaign.version)
    told = Notice.objects.order_by("id").values_list("user__username", "title")
    assert list(told) == [
        ("approver", "“%(name)s” waits for your approval."),
        ("marketer", "“%(name)s” is approved: it can be sent."),
    ]
    assert list(waiting_for(bob)) == []
    assert actions.launch_campaign(campaign, user=alice, now=now).state == "running"
    did = AuditEntry.objects.order_by("id").filter(object_id=str(campaign.pk))
    assert [(e.action, e.user) for e in did if e.action != "create_campaign"] == [
        ("ask_for_approval", alice), ("approve_campaign", bob), ("launch_campaign", alice),
    ]  # fmt: skip


def test_nobody_agrees_to_their_own(shop, campaign, now, member):
    bob = shop["approver"]
    Campaign.objects.update(created_by=bob)
    campaign.refresh_from_db()
    assert "more than 20" in refused(campaign, bob, now)
    actions.ask_for_approval(campaign, user=bob, now=now)
    with pytest.raises(PermissionDenied, match="their own"):
        actions.approve_campaign(campaign, user=bob, now=now)
    with pytest.raises(PermissionDenied):
        actions.approve_campaign(campaign, user=shop["marketer"], now=now)
    Campaign.objects.update(created_by=None)
    with pytest.raises(PermissionDenied, match="their own"):  # who asked is as bound as who wrote
        actions.approve_campaign(campaign, user=bob, now=now)
    assert not is_approved(Campaign.objects.get())


@pytest.mark.parametrize("change", ["plan", "segment", "test"])
def test_whatever_changes_the_plan_voids_the_approval(shop, campaign, now, change):
    alice, bob = shop["marketer"], shop["approver"]
    segment = save_segment(
        Segment(name="All", rule={"all": [{"field": "customer.has_email", "op": "eq", "value": True}]}),
        now=now,
    )
    campaign = actions.change_campaign(campaign, {"segment": segment}, version=0, user=alice, now=now)
    actions.ask_for_approval(campaign, user=alice, now=now)
    campaign = actions.approve_campaign(campaign, user=bob, now=now)
    assert is_approved(campaign)
    if change == "plan":
        actions.change_campaign(campaign, {"goal_days": 3}, version=1, user=alice, now=now)
    elif change == "segment":
        segment.rule = {"all": [{"field": "customer.has_email", "op": "eq", "value": False}]}
        save_segment(segment, now=now)
    else:
        arms = [actions.ArmPlan("a", "A", {}), actions.ArmPlan("b", "B", {"subject": "Other"})]
        actions.plan_test(
            campaign, user=alice, now=now, arms=arms, holdout_share=0, test_share=None, metric="conversion",
            decide_after_days=3,
        )  # fmt: skip
    campaign = Campaign.objects.select_related("segment", "experiment").get()
    assert (is_approved(campaign), is_void(campaign)) == (False, True)
    CampaignRules.objects.update(approval_above=0)
    assert "changed after it was approved" in refused(campaign, alice, now)


def test_a_change_while_one_looks_at_it_is_not_approved_unseen(shop, campaign, now):
    alice, bob = shop["marketer"], shop["approver"]
    actions.ask_for_approval(campaign, user=alice, now=now)
    actions.change_campaign(campaign, {"goal_days": 3}, version=0, user=alice, now=now)
    with pytest.raises(ChangedMeanwhile):
        actions.approve_campaign(campaign, user=bob, now=now, version=0)
    actions.approve_campaign(campaign, user=bob, now=now, version=1)
    assert is_approved(Campaign.objects.get())


def test_it_is_sent_back_with_a_reason(shop, campaign, now):
    alice, bob = shop["marketer"], shop["approver"]
    actions.ask_for_approval(campaign, user=alice, now=now)
    with pytest.raises(CampaignNotReady, match="Say why"):
        actions.send_back(campaign, user=bob, now=now, reason="  ")
    actions.send_back(campaign, user=bob, now=now, reason="The price is wrong")
    campaign.refresh_from_db()
    assert (campaign.approval, campaign.approval_reason) == ("sent_back", "The price is wrong")
    refused(campaign, alice, now)
    assert AuditEntry.objects.latest("pk").after == {"reason": "The price is wrong"}


def test_small_ones_go_and_a_rule_that_is_withdrawn_binds_nobody(shop, campaign, now):
    CampaignRules.objects.update(approval_above=30)
    assert actions.launch_campaign(campaign, user=shop["marketer"], now=now).state == "running"


def test_who_may_approve_may_be_exempt(shop, campaign, now):
    CampaignRules.objects.update(approvers_too=False)
    refused(campaign, shop["marketer"], now)
    assert actions.launch_campaign(campaign, user=shop["approver"], now=now).state == "running"


def test_it_is_asked_for_again_when_the_minute_is_over(shop, campaign, now):
    CampaignRules.objects.update(approval_above=None)
    actions.put_in_order(campaign, user=shop["marketer"], now=now)
    CampaignRules.objects.update(approval_above=0)
    later = now + timedelta(minutes=2)
    assert begin_due(now=later, as_of=later) == 0
    campaign.refresh_from_db()
    assert campaign.state == "draft" and "second person" in campaign.stopped_by[0]


def test_the_interface_is_bound_too(shop, campaign, now, client):
    key = make_key("shop", [Scope.CAMPAIGNS_WRITE])
    path = f"/api/v1/campaigns/{campaign.pk}/launch"
    answer = client.post(path, headers={"Authorization": f"Api-Key {key}"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/api/problems#approval-needed")
    assert not Run.objects.exists()


def test_colleagues_are_told_what_waits_and_the_author_what_became_of_it(shop, campaign, now):
    alice, bob = shop["marketer"], shop["approver"]

    def told(user):
        return [(n.kind, n.text, n.url) for n in user.notices.order_by("pk")]

    url = f"/admin/campaigns/{campaign.pk}/plan/review/"
    actions.ask_for_approval(campaign, user=alice, now=now)
    assert told(bob) == [("approval_asked", f"“{campaign.name}” waits for your approval.", url)]
    assert (told(alice), told(shop["viewer"])) == ([], [])
    actions.send_back(campaign, user=bob, now=now, reason="Too loud")
    assert told(alice) == [("approval_decided", f"“{campaign.name}” was sent back with a reason.", url)]
    later = now + timedelta(hours=1)
    actions.ask_for_approval(campaign, user=alice, now=later)
    actions.approve_campaign(campaign, user=bob, now=later)
    assert len(told(bob)) == 2
    assert told(alice)[1] == ("approval_decided", f"“{campaign.name}” is approved: it can be sent.", url)
