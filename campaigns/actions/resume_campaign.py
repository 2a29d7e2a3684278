"""Let a paused campaign go on."""

from datetime import datetime

from accounts.models import User
from campaigns.models import Campaign
from delivery import dispatch
from delivery import services as delivery
from delivery.models import Run

from .change_state import change_state


def resume_campaign(campaign: Campaign, *, user: User | None, now: datetime, actor: str = "") -> Campaign:
    """Send what is left: nobody is left out and nobody is written to twice."""
    return change_state(
        campaign,
        action="resume_campaign",
        before=[Campaign.State.PAUSED],
        after=Campaign.State.RUNNING,
        on_run=_go_on,
        user=user,
        now=now,
        actor=actor,
    )


def _go_on(run: Run) -> None:
    delivery.resume(run)
    dispatch.wake(run.pk)
