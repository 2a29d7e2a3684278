"""What the shell shows around every page: badges, the environment, running jobs."""

import json
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import Job
from campaigns.models import Campaign
from core import clock

#: Badges are counted at most this often; every page shows them.
BADGE_SECONDS = 10
#: A job whose worker has not shown life for so long stopped unexpectedly.
STALE = timedelta(seconds=60)


def environment(request: HttpRequest) -> list[str] | None:
    """Return the label of the demo shop, or None in a real one."""
    path = settings.VAR / "demo.json"
    try:
        json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return [_("Demo data"), "warning"]


def shop_name(request: HttpRequest) -> str:
    """Return the shop's name for under ours; nothing when it has none of its own."""
    return "" if settings.SHOP_NAME == "Rapport" else str(settings.SHOP_NAME)


def sending_badge(request: HttpRequest) -> int | None:
    """Return how many campaigns are sending, None for no badge."""
    return _counted(
        "sending",
        lambda: Campaign.objects.filter(state=Campaign.State.RUNNING).count(),
    )


def failed_badge(request: HttpRequest) -> int | None:
    """Return how many jobs failed in the last day, None for no badge."""
    since = clock.now() - timedelta(days=1)
    return _counted(
        "failed", lambda: Job.objects.filter(state=Job.State.FAILED, finished_at__gte=since).count()
    )


def _counted(name, count):  # type: ignore[no-untyped-def]
    value = cache.get_or_set(f"console:badge:{name}", count, BADGE_SECONDS)
    return value or None
