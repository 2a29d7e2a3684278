"""Celery: campaigns."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.core.exceptions import ObjectDoesNotExist

from accounts.models import User
from campaigns import actions
from campaigns.models import Campaign
from campaigns.reports import keeping
from campaigns.schedule.due import begin_due, end_over
from campaigns.schedule.due import launch_due as launch_slots
from campaigns.schedule.triggers import fire_triggers as fire
from campaigns.waves import look_at_tests as look
from campaigns.waves import send_due_waves
from core import clock
from core.periodic import once_per_slot


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
    """Begin what was put in order, launch the slots that are due, end what is over. Beat: every 30 s.

    A launch that can be undone also sends it for its own moment, so that nobody waits for beat.
    """
    begin_due(now=clock.now(), as_of=clock.knowledge_now())
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


@shared_task
def count_report(*, campaign_id: str, run_id: str | None = None) -> None:
    """Count what came of a campaign, or of one of its sendings; a repeat counts it again."""
    keeping.count_campaign(UUID(campaign_id), run_id=UUID(run_id) if run_id else None, now=clock.now())


@shared_task
def count_reports(*, all_of_them: bool = False) -> None:
    """Count the campaigns whose figures still change, every 10 minutes; every night the late facts too."""
    now = clock.now()
    once_per_slot(
        f"count-reports-{'all' if all_of_them else 'open'}",
        every=timedelta(hours=12) if all_of_them else timedelta(minutes=10),
        now=now,
        run=lambda: keeping.count_due(now=now, all_of_them=all_of_them),
    )
