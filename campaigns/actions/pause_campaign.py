"""Hold a campaign."""

from datetime import datetime

from accounts.models import User
from campaigns.models import Campaign
from delivery import services as delivery

from .change_state import change_state


def pause_campaign(campaign: Campaign, *, user: User | None, now: datetime, actor: str = "") -> Campaign:
    """Stop sending within one batch, or switch the promotion off, until it is resumed."""
    return change_state(
        campaign,
        action="pause_campaign",
        before=[Campaign.State.RUNNING],
        after=Campaign.State.PAUSED,
        on_run=delivery.pause,
        user=user,
        now=now,
        actor=actor,
    )
