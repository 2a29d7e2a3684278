"""Send a campaign on its way."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.preflight import mails, problems
from campaigns.promotions.models import Promotion
from campaigns.schedule.models import Timing
from campaigns.schedule.sending import send
from campaigns.schedule.slots import first_slot

from .permission import LAUNCH, require


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
    nothing. Raises PermissionDenied or CampaignNotReady. 200,000 people take about 6 s.
    """
    require(user, LAUNCH)
    # A rival waits here and then finds the campaign launched. OF self: the joined rows stay free.
    campaign = (
        Campaign.objects.select_for_update(of=("self",))
        .select_related("segment", "content", "pool__promotion", "promotion", "experiment", "plan")
        .get(pk=campaign.pk)
    )
    if campaign.state != Campaign.State.DRAFT:
        return campaign
    if found := problems(campaign, now=now):
        raise CampaignNotReady(found)
    as_of = as_of or now
    slot = first_slot(campaign, now=now)
    begins_later = campaign.timing == Timing.AT
    if campaign.kind == Campaign.Kind.PROMOTION and campaign.promotion is not None and not begins_later:
        Promotion.objects.filter(pk=campaign.promotion.pk).update(active=True)
    people = 0
    if campaign.timing == Timing.NOW and mails(campaign):
        people = send(campaign, as_of=as_of, now=now).audience
    campaign.state = Campaign.State.SCHEDULED if begins_later else Campaign.State.RUNNING
    campaign.as_of, campaign.launched_at = as_of, now
    campaign.next_day, campaign.next_at = (slot.day, slot.at) if slot else (None, None)
    campaign.save(update_fields=["state", "as_of", "launched_at", "next_day", "next_at"])
    audit.record(
        action="launch_campaign",
        target=campaign,
        now=now,
        user=user,
        actor=actor,
        before={"state": Campaign.State.DRAFT},
        after={
            "state": str(campaign.state),
            "timing": campaign.timing,
            "as_of": as_of.isoformat(),
            "audience": people,
        },
    )
    return campaign
