"""An arm's own hour, where people live and when clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.schedule.hours import next_at

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("hour", "zone", "now", "due"),
    [
        (9, BERLIN, "2026-01-10T06:00", "2026-01-10T08:00"),
        (9, BERLIN, "2026-01-10T08:10", "2026-01-10T08:00"),  # just past still counts
        (9, BERLIN, "2026-01-10T09:00", "2026-01-11T08:00"),
        (9, TOKYO, "2026-01-10T01:00", "2026-01-11T00:00"),
        (9, BERLIN, "2026-03-28T12:00", "2026-03-29T07:00"),  # the clock springs forward that night
        (2, BERLIN, "2026-03-28T20:00", "2026-03-29T01:00"),  # an hour that is skipped: the next one
        (9, BERLIN, "2026-10-24T12:00", "2026-10-25T08:00"),  # and falls back
    ],
)
def test_next_hour(hour, zone, now, due):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_at(hour, zone, moment) == datetime.fromisoformat(due).replace(tzinfo=UTC)
