"""End a campaign for good."""

from datetime import datetime
from functools import partial

from accounts.models import User
from campaigns.models import Campaign
from delivery import services as delivery

from .change_state import change_state


def cancel_campaign(campaign: Campaign, *, user: User | None, now: datetime, actor: str = "") -> Campaign:
    """Leave out everybody who was not written to yet; a promotion ends. What was sent stays sent."""
    return change_state(
        campaign,
        action="cancel_campaign",
        before=[
            Campaign.State.DRAFT,
            Campaign.State.SCHEDULED,
            Campaign.State.RUNNING,
            Campaign.State.PAUSED,
        ],
        after=Campaign.State.CANCELLED,
        on_run=partial(delivery.cancel, now=now),
        user=user,
        now=now,
        actor=actor,
    )
