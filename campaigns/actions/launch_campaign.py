"""Send a campaign on its way, at once or after a minute in which it can be taken back."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.planning.approval import check_approval
from campaigns.preflight import problems
from campaigns.schedule.beginning import begin

from .locking import locked
from .permission import LAUNCH, require

#: How long a press of the button can be taken back.
UNDO = timedelta(seconds=60)


@transaction.atomic
def launch_campaign(
    campaign: Campaign,
    *,
    user: User | None,
    now: datetime,
    as_of: datetime | None = None,
    actor: str = "",
) -> Campaign:
    """Freeze the audience, assign the arms of its test, and wake the workers; all or nothing.

    What goes later is only put in order here: beat launches its slots when they are due
    (campaigns.schedule.due) and fires its triggers (campaigns.schedule.triggers).

    `as_of` is the shop's moment by which the audience is chosen; it defaults to now. A promotion is
    switched on, and sends only when it has content. A second launch, also at the same time, changes
    nothing. Raises PermissionDenied, CampaignNotReady, or ApprovalNeeded where the shop's rules ask for a
    second person. 200,000 people take about 6 s.
    """
    require(user, LAUNCH)
    campaign = locked(campaign.pk)  # a rival waits here and then finds the campaign launched
    if campaign.state != Campaign.State.DRAFT:
        return campaign
    as_of = as_of or now
    _check(campaign, user=user, now=now, as_of=as_of)
    people = begin(campaign, as_of=as_of, now=now)
    _note("launch_campaign", campaign, user, actor, now, as_of=as_of.isoformat(), audience=people)
    return campaign


@transaction.atomic
def put_in_order(
    campaign: Campaign, *, user: User | None, now: datetime, as_of: datetime | None = None, actor: str = ""
) -> Campaign:
    """Launch in a minute, unless somebody takes it back until then.

    Until `undo_until` nothing happens at all: nobody is put into an arm, no code leaves its pool, no
    promotion is switched on. Beat begins it then (campaigns.schedule.due.begin_due), with the same checks.
    A second press changes nothing. Raises as launch_campaign.
    """
    require(user, LAUNCH)
    campaign = locked(campaign.pk)
    if campaign.state != Campaign.State.DRAFT:
        return campaign
    _check(campaign, user=user, now=now, as_of=as_of or now)
    campaign.state, campaign.undo_until = Campaign.State.SCHEDULED, now + UNDO
    campaign.launched_by, campaign.stopped_by = user, []
    campaign.save(update_fields=["state", "undo_until", "launched_by", "stopped_by"])
    _note("put_in_order", campaign, user, actor, now, undo_until=campaign.undo_until.isoformat())
    return campaign


def _check(campaign: Campaign, *, user: User | None, now: datetime, as_of: datetime) -> None:
    if campaign.archived_at is not None:
        raise CampaignNotReady([_("The campaign is in the archive. Bring it back first.")])
    if found := problems(campaign, now=now):
        raise CampaignNotReady(found)
    check_approval(campaign, user=user, now=now, as_of=as_of)


def _note(action: str, campaign: Campaign, user: User | None, actor: str, now: datetime, **more: Any) -> None:
    audit.record(
        action=action,
        target=campaign,
        now=now,
        user=user,
        actor=actor,
        before={"state": Campaign.State.DRAFT},
        after={"state": str(campaign.state), "timing": campaign.timing, **more},
    )
