"""Take a launch back, as long as nothing came of it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.selectors import runs_of

from .locking import locked
from .permission import LAUNCH, require


@transaction.atomic
def undo_launch(campaign: Campaign, *, user: User | None, now: datetime, actor: str = "") -> Campaign:
    """Make a draft again of what was put in order and has not begun, exactly as it was.

    That is so within the minute after the button was pressed, and for what is scheduled until its moment
    comes. Beat takes the same lock: either it has begun, or it finds a draft. A repeat changes nothing.
    Raises PermissionDenied, or CampaignNotReady when it has begun.
    """
    require(user, LAUNCH)
    campaign = locked(campaign.pk)
    if campaign.state == Campaign.State.DRAFT:
        return campaign
    if not can_be_undone(campaign):
        raise CampaignNotReady([_("It has begun already. Pause it, or cancel the rest.")])
    campaign.state = Campaign.State.DRAFT
    campaign.undo_until = campaign.launched_by = campaign.launched_at = campaign.as_of = None
    campaign.next_day = campaign.next_at = None
    campaign.save(
        update_fields=[
            "state",
            "undo_until",
            "launched_by",
            "launched_at",
            "as_of",
            "next_day",
            "next_at",
        ]
    )
    audit.record(
        action="undo_launch", target=campaign, now=now, user=user, actor=actor,
        before={"state": Campaign.State.SCHEDULED}, after={"state": Campaign.State.DRAFT},
    )  # fmt: skip
    return campaign


def can_be_undone(campaign: Campaign) -> bool:
    """Say whether nothing has come of a launch yet. One query for what is scheduled."""
    if campaign.state != Campaign.State.SCHEDULED:
        return False
    return campaign.undo_until is not None or not runs_of(campaign).exists()
