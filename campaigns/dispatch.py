"""Enqueue campaigns' tasks, after commit."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction

from accounts.models import User
from campaigns import tasks
from campaigns.models import Campaign
from delivery.models import Run


def launch(campaign: Campaign, *, user: User | None = None) -> None:
    """Launch on a worker: for audiences too large to wait for in a request."""
    arguments = {"campaign_id": str(campaign.pk), "user_id": user.pk if user else None}
    transaction.on_commit(lambda: tasks.launch_campaign.apply_async(kwargs=arguments))


#: How long a count that was asked for is not asked for again.
_ASKED_SECONDS = 60


def count_soon(campaign: Campaign, sending: Run | None = None) -> None:
    """Have a worker count what came of a campaign, or of one sending; at most once a minute."""
    arguments = {"campaign_id": str(campaign.pk), "run_id": str(sending.pk) if sending else None}
    if cache.add(f"campaigns:count:{campaign.pk}:{arguments['run_id']}", 1, _ASKED_SECONDS):
        transaction.on_commit(lambda: tasks.count_report.apply_async(kwargs=arguments))


def begin_at(moment: datetime) -> None:
    """Look at what is to begin at a moment; beat would, up to half a minute later."""
    transaction.on_commit(
        lambda: tasks.launch_due.apply_async(eta=moment, expires=moment + _OF_USE, ignore_result=True)
    )


#: Later than this beat has done it.
_OF_USE = timedelta(minutes=2)
