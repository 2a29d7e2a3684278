"""A launch itself: the moment from which on things happen."""

from datetime import datetime

from campaigns.models import Campaign
from campaigns.preflight import mails
from campaigns.promotions.models import Promotion
from campaigns.schedule.models import Timing
from campaigns.schedule.sending import send
from campaigns.schedule.slots import first_slot


def begin(campaign: Campaign, *, as_of: datetime, now: datetime) -> int:
    """Send, or put into its schedule, a locked campaign that is in order; return the audience's size.

    A promotion is switched on, unless it begins later.
    """
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
    campaign.undo_until, campaign.stopped_by = None, []
    campaign.save(
        update_fields=[
            "state",
            "as_of",
            "launched_at",
            "next_day",
            "next_at",
            "undo_until",
            "stopped_by",
        ]
    )
    return people
