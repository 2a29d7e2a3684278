"""Enqueue campaigns' tasks, after commit."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from campaigns import tasks
from campaigns.models import Campaign


def launch(campaign: Campaign, *, user: User | None = None) -> None:
    """Launch on a worker: for audiences too large to wait for in a request."""
    arguments = {"campaign_id": str(campaign.pk), "user_id": user.pk if user else None}
    transaction.on_commit(lambda: tasks.launch_campaign.apply_async(kwargs=arguments))


def begin_at(moment: datetime) -> None:
    """Look at what is to begin at a moment; beat would, up to half a minute later."""
    transaction.on_commit(
        lambda: tasks.launch_due.apply_async(eta=moment, expires=moment + _OF_USE, ignore_result=True)
    )


#: Later than this beat has done it.
_OF_USE = timedelta(minutes=2)
