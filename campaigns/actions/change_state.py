"""What pausing, resuming and cancelling share."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from campaigns.selectors import runs_of
from delivery.models import Run

from .permission import LAUNCH, require


@transaction.atomic
def change_state(
    campaign: Campaign,
    *,
    action: str,
    before: Sequence[Campaign.State],
    after: Campaign.State,
    on_run: Callable[[Run], object],
    user: User | None,
    now: datetime,
    actor: str,
) -> Campaign:
    """Move a campaign, its run and its promotion together, and note it; a repeat changes nothing.

    Raises PermissionDenied, or CampaignNotReady when the campaign is in none of the states `before`.
    """
    require(user, LAUNCH)
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if campaign.state == after:
        return campaign
    if campaign.state not in before:
        raise CampaignNotReady(
            [
                _("The campaign is %(state)s; this cannot be done now.")
                % {"state": campaign.get_state_display()}
            ]
        )
    was, campaign.state = campaign.state, after
    if after == Campaign.State.CANCELLED:
        campaign.finished_at, campaign.next_day, campaign.next_at, campaign.undo_until = now, None, None, None
    campaign.save(update_fields=["state", "finished_at", "next_day", "next_at", "undo_until"])
    for run in runs_of(campaign):
        on_run(run)
    if campaign.kind == Campaign.Kind.PROMOTION and campaign.promotion is not None:
        running = after == Campaign.State.RUNNING
        Promotion.objects.filter(pk=campaign.promotion.pk).update(active=running)
    audit.record(
        action=action,
        target=campaign,
        now=now,
        user=user,
        actor=actor,
        before={"state": was},
        after={"state": str(after)},
    )
    return campaign
