"""What an audience asks of the past, and what of that no history is kept of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from campaigns.models import Campaign
from campaigns.schedule.models import Timing
from events.models import EventType
from profiles.building.earlier import COLUMNS
from segments.asked import fields_asked
from segments.models import Segment

#: As many earlier dates as there are, up to so many, so far apart.
DATES, APART = 6, timedelta(days=28)
#: What was bought before the first date, so that it knows something.
BEFORE = timedelta(days=28)
_OF_PROFILES = "profile."
_NAMED = {"top_category": "top_category_id"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The columns of the profile that an audience needs, and the fields that only today's models know."""

    columns: frozenset[str]
    unanswerable: tuple[str, ...]


def asked_by(campaign: Campaign) -> Asked:
    """Return what the segments of a campaign ask about. A query for each segment that they name."""
    names: set[str] = set()
    for segment in (campaign.segment, campaign.trigger_segment):
        if segment is not None and segment.kind == Segment.Kind.DYNAMIC:
            names |= fields_asked(segment.rule)
    wanted = {name: column for name in names if (column := column_of(name))}
    return Asked(
        columns=frozenset(column for column in wanted.values() if column in COLUMNS),
        unanswerable=tuple(sorted(name for name, column in wanted.items() if column not in COLUMNS)),
    )


def column_of(name: str) -> str:
    """Return the column of the profile that a field is about, empty for what is no model's.

    A score's is its own name, which no profile of an earlier day has.
    """
    if name.startswith("score."):
        return name
    if not name.startswith(_OF_PROFILES):
        return ""
    column = name.removeprefix(_OF_PROFILES).split(".")[0]
    return _NAMED.get(column, column)


def dates_of(campaign: Campaign, *, as_of: datetime) -> list[datetime]:
    """Return the latest dates whose goal window is over at `as_of`, the latest first. One query.

    Empty where the shop's history is shorter than a date needs: its window, and what comes before it.
    """
    first = _first_purchase(as_of)
    if first is None:
        return []
    latest = as_of - timedelta(days=campaign.goal_days)
    found = (latest - number * APART for number in range(DATES))
    return [date for date in found if date >= first + BEFORE]


def is_triggered(campaign: Campaign) -> bool:
    """Say whether the campaign writes whenever something happens to somebody."""
    return campaign.timing == Timing.TRIGGERED


def _first_purchase(as_of: datetime) -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT occurred_at FROM events_event WHERE type = %s AND occurred_at < %s"
            " ORDER BY occurred_at LIMIT 1",
            [EventType.PURCHASE, as_of],
        )
        row = cursor.fetchone()
    return row[0] if row else None
