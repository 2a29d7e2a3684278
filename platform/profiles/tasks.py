"""Profiles and personas while nobody looks."""

from datetime import timedelta

from celery import shared_task

from core import clock
from core.periodic import once_per_slot
from profiles import services
from profiles.building import changed, complete
from profiles.scores.services import score_customers as train_and_score
from profiles.studies import study


@shared_task
def profile_customers() -> None:
    """Build all profiles as of the shop's present; nightly by beat, once an hour at most.

    A build that a worker left halfway is gone on with, as of its own moment.
    """
    now = clock.now()
    left = complete.unfinished(now)
    as_of = left.as_of if left else clock.knowledge_now()
    once_per_slot(
        "profile",
        every=timedelta(hours=1),
        now=now,
        run=lambda: services.build_profiles(as_of=as_of, now=now),
    )


@shared_task(soft_time_limit=280, time_limit=300)
def refresh_changed() -> None:
    """Build the profiles of customers who changed; every 20 s by beat."""
    changed.refresh_changed(as_of=clock.knowledge_now(), now=clock.now())


@shared_task
def cluster_customers() -> None:
    """Find the personas anew as of the shop's present; weekly by beat, once an hour at most."""
    now = clock.now()
    once_per_slot(
        "cluster",
        every=timedelta(hours=1),
        now=now,
        run=lambda: services.cluster_customers(as_of=clock.knowledge_now(), now=now, any_moment=True),
    )


@shared_task
def score_customers() -> None:
    """Train and give the scores as of the shop's present; nightly by beat, once an hour at most."""
    now = clock.now()
    once_per_slot(
        "score",
        every=timedelta(hours=1),
        now=now,
        run=lambda: train_and_score(as_of=clock.knowledge_now(), now=now, any_moment=True),
    )


@shared_task
def study_customers() -> None:
    """Find out lifecycle, classes and texts as of the shop's present; nightly by beat."""
    now = clock.now()
    once_per_slot(
        "study",
        every=timedelta(hours=1),
        now=now,
        run=lambda: study(as_of=clock.knowledge_now(), now=now, any_moment=True),
    )
