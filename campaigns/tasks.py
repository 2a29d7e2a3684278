"""Celery: campaigns."""

from uuid import UUID

from celery import shared_task
from django.core.exceptions import ObjectDoesNotExist

from accounts.models import User
from campaigns import actions
from campaigns.models import Campaign
from campaigns.schedule.due import end_over
from campaigns.schedule.due import launch_due as launch_slots
from campaigns.schedule.triggers import fire_triggers as fire
from campaigns.waves import look_at_tests as look
from campaigns.waves import send_due_waves
from core import clock


@shared_task
def launch_campaign(*, campaign_id: str, user_id: int | None = None, as_of: str | None = None) -> None:
    """Launch a campaign; a repeat changes nothing. Twin of `manage.py launch`."""
    try:
        campaign = Campaign.objects.get(pk=UUID(campaign_id))
        user = User.objects.get(pk=user_id) if user_id is not None else None
    except ObjectDoesNotExist:
        return
    now = clock.now()
    moment = clock.parse_moment(as_of) if as_of else clock.knowledge_now()
    actions.launch_campaign(campaign, user=user, now=now, as_of=moment)


@shared_task(expires=60)
def launch_due() -> None:
    """Launch the slots that are due and end what is over. Beat sends it every 30 s."""
    launch_slots(now=clock.now(), as_of=clock.knowledge_now())
    end_over(now=clock.now())


@shared_task(expires=60)
def fire_triggers() -> None:
    """Turn what happened into triggered messages. Beat sends it every 30 s."""
    fire(now=clock.now(), as_of=clock.knowledge_now())


@shared_task(expires=60)
def send_waves() -> None:
    """Send the waves of tests whose moment has come: the winner to the rest. Beat sends it every minute."""
    send_due_waves(now=clock.now(), as_of=clock.knowledge_now())


@shared_task(expires=1800)
def look_at_tests() -> None:
    """Take the planned looks that are due, watch the others once a day. Beat sends it every 20 minutes."""
    look(now=clock.now())
