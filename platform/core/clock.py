"""The only place that reads the clock.

Views, tasks and commands call these and pass the result down; nothing below them asks what time it
is. That is what lets history be replayed.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.dateparse import parse_datetime


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def knowledge_now() -> datetime:
    """Return the moment as of which the shop is known: the present, or the demo shop's fixed day.

    Profiles, segments and training use it. Leases, due times and logs use `now`.
    """
    return parse_moment(settings.SHOP_AS_OF) if settings.SHOP_AS_OF else now()


def known_until(now: datetime) -> datetime:
    """Return the moment up to which facts count at `now`: a demo shop's data go on after its day."""
    return min(now, parse_moment(settings.SHOP_AS_OF)) if settings.SHOP_AS_OF else now


def parse_moment(text: str) -> datetime:
    """Parse an ISO date or date-time; without a zone it is read as UTC.

    Raises ValueError with a sentence for the user when the text is neither.
    """
    try:
        moment = parse_datetime(text) or datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"“{text}” is not a date. Write 2017-11-06 or 2017-11-06T10:00:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def shop_zone() -> ZoneInfo:
    """Return the zone in which the shop's day begins and ends."""
    return ZoneInfo(settings.SHOP_TIME_ZONE)
