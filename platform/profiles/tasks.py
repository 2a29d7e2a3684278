"""Profiles and personas while nobody looks."""

from celery import shared_task

from core import clock
from profiles import services


@shared_task
def profile_customers() -> None:
    """Build all profiles as of the shop's present; nightly by beat."""
    services.build_profiles(as_of=clock.knowledge_now(), now=clock.now())


@shared_task
def cluster_customers() -> None:
    """Find the personas anew as of the shop's present; weekly by beat."""
    services.cluster_customers(as_of=clock.knowledge_now(), now=clock.now())
