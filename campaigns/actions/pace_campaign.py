"""Let a campaign go faster or slower."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.selectors import runs_of
from delivery import dispatch
from delivery import services as delivery
from delivery.models import Run

from .permission import LAUNCH, require

_OVER = (Campaign.State.FINISHED, Campaign.State.CANCELLED)
#: What the column holds.
_MOST = 2_000_000_000


@transaction.atomic
def pace_campaign(
    campaign: Campaign, *, per_hour: int | None, user: User | None, now: datetime, actor: str = ""
) -> Campaign:
    """Let at most so many messages leave in an hour, None as many as can; also while it is being sent.

    What is under way follows within a batch, later sendings keep it. A repeat changes nothing. Raises
    PermissionDenied, or CampaignNotReady for a campaign that is over or a figure below 1.
    """
    require(user, LAUNCH)
    if per_hour is not None and not 1 <= per_hour <= _MOST:
        raise CampaignNotReady([_("Write how many messages an hour, 1 at least. To send none, pause it.")])
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if campaign.state in _OVER:
        raise CampaignNotReady([_("The campaign is over; its pace cannot be changed any more.")])
    if campaign.per_hour == per_hour:
        return campaign
    before, campaign.per_hour = campaign.per_hour, per_hour
    campaign.save(update_fields=["per_hour"])
    for run in runs_of(campaign).filter(state__in=[Run.State.RUNNING, Run.State.PAUSED]):
        delivery.throttle(run, per_hour)
        if run.state == Run.State.RUNNING:
            dispatch.wake(run.pk)
    audit.record(
        action="pace_campaign",
        target=campaign,
        now=now,
        user=user,
        actor=actor,
        before={"per_hour": before},
        after={"per_hour": per_hour},
    )
    return campaign
