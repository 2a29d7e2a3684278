"""Add up what lists did, find what they never reach, and forget answers that are too old."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from accounts.jobs import Progress, silent
from core import clock
from recommendations.models import ColdProduct
from recommendations.quality import statements
from recommendations.services.lists import offerable
from recommendations.state import serving_versions

#: An answer's purchases are counted for a week, so the week before last is the oldest that still changes.
OPEN = timedelta(weeks=2)
#: Impressions of cold products are those of four weeks.
SHOWN = timedelta(weeks=4)
#: A product that fewer people bought is cold: what they bought says more about them than about it.
FEW_BUYERS = 5
# 5,000 answers go in about 0.2 s.
_BLOCK = 5_000


def look_back(*, as_of: datetime, now: datetime, progress: Progress = silent) -> dict[str, Any]:
    """Count the weeks that still change, and list the cold products with the ways that reach them.

    `as_of` is the shop's present (core.clock), `now` when answers were given. Two statements; a million
    answers and as many events take about 20 s, 2,500 people's lists half a second. Looking again gives the
    same figures.
    """
    progress(0, 2, gettext_noop("What people did"))
    today = now.astimezone(clock.shop_zone()).date()
    monday = today - timedelta(days=today.weekday()) - OPEN
    since = datetime.combine(monday, datetime.min.time(), tzinfo=clock.shop_zone())
    known = {
        "zone": settings.SHOP_TIME_ZONE,
        "until": now,
        "offered": offerable().count(),
        "as_of": as_of,
        "few": FEW_BUYERS,
        "versions": [str(version.pk) for version in serving_versions()],
    }
    with connection.cursor() as cursor:
        cursor.execute(statements.weeks(), {**known, "since": since, "facts": as_of - (now - since)})
        weeks = cursor.rowcount
    progress(1, 2, gettext_noop("What is never shown"))
    with transaction.atomic(), connection.cursor() as cursor:
        ColdProduct.objects.all().delete()
        cursor.execute(statements.cold(), {**known, "since": now - SHOWN, "facts": as_of - SHOWN})
        cold = cursor.rowcount
    progress(2, 2, gettext_noop("Done"))
    return {"as_of": as_of.isoformat(), "weeks": weeks, "cold": cold}


def forget_decisions(*, now: datetime, most: int | None = None) -> int:
    """Delete answers older than settings.DECISIONS_KEEP_DAYS, in blocks; return how many.

    Their weekly figures stay. Broken off, it goes on the next night; `most` bounds one run.
    """
    limit = now - timedelta(days=settings.DECISIONS_KEEP_DAYS)
    gone = 0
    while most is None or gone < most:
        with connection.cursor() as cursor:
            cursor.execute(statements.FORGET, [limit, _BLOCK])
            gone += cursor.rowcount
            if cursor.rowcount < _BLOCK:
                break
    return gone
