"""Enqueue campaigns' tasks, after commit."""

from django.db import transaction

from accounts.models import User
from campaigns import tasks
from campaigns.models import Campaign


def launch(campaign: Campaign, *, user: User | None = None) -> None:
    """Launch on a worker: for audiences too large to wait for in a request."""
    arguments = {"campaign_id": str(campaign.pk), "user_id": user.pk if user else None}
    transaction.on_commit(lambda: tasks.launch_campaign.apply_async(kwargs=arguments))
