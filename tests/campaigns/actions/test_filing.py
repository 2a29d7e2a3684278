"""Drafts that several people write, copies, the archive, and what may be thrown away."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import AuditEntry
from campaigns import actions
from campaigns.errors import CampaignNotReady, ChangedMeanwhile
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from delivery.models import Run
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db(transaction=True)


def with_test(campaign, now):
    arms = [actions.ArmPlan("a", "A", {"subject": "One"}), actions.ArmPlan("b", "B", {"subject": "Two"})]
    actions.plan_test(
        campaign, user=None, now=now, arms=arms, holdout_share=0.1, test_share=0.2, metric="revenue",
        decide_after_days=5,
    )  # fmt: skip
    return Campaign.objects.get(pk=campaign.pk)


def test_nobody_writes_over_what_they_have_not_seen(now, member):
    alice = member("marketer")
    campaign = make_campaign(now)
    changed = actions.change_campaign(campaign, {"name": "Hers"}, version=0, user=alice, now=now)
    assert changed.version == 1
    with pytest.raises(ChangedMeanwhile):
        actions.change_campaign(campaign, {"name": "His"}, version=0, user=alice, now=now)
    same = actions.change_campaign(campaign, {"name": "Hers"}, version=1, user=alice, now=now)
    assert (same.version, Campaign.objects.get().name) == (1, "Hers")
    entry = AuditEntry.objects.get(action="change_campaign")
    assert (entry.before, entry.after, entry.user) == ({"name": "C"}, {"name": "Hers"}, alice)


def test_a_wrong_value_is_refused_and_nothing_is_stored(now):
    campaign = make_campaign(now)
    with pytest.raises(ValidationError):
        actions.change_campaign(campaign, {"month_day": 40, "name": "No"}, version=0, user=None, now=now)
    campaign.refresh_from_db()
    assert (campaign.name, campaign.version) == ("C", 0)


def test_what_was_launched_is_a_fact(now):
    make_customers(1, now=now)
    campaign = actions.launch_campaign(make_campaign(now), user=None, now=now)
    with pytest.raises(CampaignNotReady, match="Make a copy"):
        actions.change_campaign(campaign, {"name": "Late"}, version=0, user=None, now=now)
    with pytest.raises(CampaignNotReady, match="archive"):
        actions.delete_campaign(campaign, user=None, now=now)
    with pytest.raises(CampaignNotReady, match="under way"):
        actions.archive_campaign(campaign, archived=True, user=None, now=now)


def test_a_copy_says_the_same_with_a_test_of_its_own(now, member):
    day = (now - timedelta(days=3)).date()
    campaign = with_test(make_campaign(now, timing="at", on_day=day, goal_days=5), now)
    copy = actions.clone_campaign(campaign, user=member("marketer"), now=now)
    copy = Campaign.objects.select_related("experiment").get(pk=copy.pk)
    assert (copy.name, copy.state, copy.content, copy.goal_days) == ("C (copy)", "draft", campaign.content, 5)
    assert copy.on_day is None  # it has passed
    arms = list(copy.experiment.variants.values_list("key", "levers"))
    assert arms == [("a", {"subject": "One"}), ("b", {"subject": "Two"})]
    assert copy.experiment.salt != campaign.experiment.salt
    assert copy.experiment.holdout_share == campaign.experiment.holdout_share
    assert copy.experiment.waves.get(number=1).high == 2000
    assert actions.clone_campaign(campaign, user=None, now=now).slug != copy.slug


def test_the_archive(now, member):
    campaign = make_campaign(now)
    actions.archive_campaign(campaign, archived=True, user=member("marketer"), now=now)
    with pytest.raises(CampaignNotReady, match="archive"):
        actions.launch_campaign(campaign, user=None, now=now)
    assert not Run.objects.exists()
    actions.archive_campaign(campaign, archived=False, user=None, now=now)
    assert Campaign.objects.get().archived_at is None


def test_a_draft_is_thrown_away_with_its_test(now, member):
    campaign = with_test(make_campaign(now), now)
    with pytest.raises(PermissionDenied):
        actions.delete_campaign(campaign, user=member("viewer"), now=now)
    actions.delete_campaign(campaign, user=member("marketer"), now=now)
    assert not Campaign.objects.exists() and not Experiment.objects.exists()
    assert AuditEntry.objects.filter(action="delete_campaign").count() == 1
