"""Days and moments as people, spreadsheets and shops write them."""

import re
from datetime import UTC, date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from integrations.imports.values.reading import Reading
from integrations.imports.values.texts import text

_NUMBERS = re.compile(r"^(\d{1,4})\s*[./年-]\s*(\d{1,2})\s*[./月-]\s*(\d{1,4})日?(?:[T\s,]+(.+))?$")
_TIME = re.compile(
    r"^(\d{1,2})[:时h](\d{1,2})(?:[:分](\d{1,2})秒?(?:[.,]\d+)?)?分?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_WORDS = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%a, %d %b %Y", "%b %d %Y")
_SPACED_ZONE = re.compile(r"\s+([+-]\d{2}:?\d{2}|Z|UTC)$")
_EPOCH = re.compile(r"^\d{10}(\d{3})?(\.\d+)?$")
_EARLIEST, _LATEST = 1900, 2200


def moment(value: Any, reading: Reading) -> datetime | None:
    """Return a moment in UTC from ISO 8601, 2026/9/1 14:05, 01.02.2026, 2026年9月1日, words or an epoch.

    A day alone is its beginning in the zone of the file.
    """
    if isinstance(value, datetime):
        return _in_utc(value, reading)
    if isinstance(value, date):
        return _in_utc(datetime.combine(value, time()), reading)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    found = text(value, 60)
    if found is None:
        return None
    parsed = _iso(found) or _epoch(found) or _numeric(found, reading) or _worded(found)
    if parsed is None or not _EARLIEST <= parsed.year <= _LATEST:
        raise ValueError(
            _("“%(value)s” is not a date. Write it like 2026-03-01 or 2026-03-01T12:00:00Z.")
            % {"value": found[:40]}
        )
    return _in_utc(parsed, reading)


def day(value: Any, reading: Reading) -> date | None:
    """Return a day, as of a birthday."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = text(value, 60)
    if found is None:
        return None
    parsed = _iso(found) or _numeric(found, reading) or _worded(found)
    if parsed is None or not _EARLIEST <= parsed.year <= _LATEST:
        raise ValueError(_("“%(value)s” is not a day. Write it like 1990-12-31.") % {"value": found[:40]})
    return parsed.date()


def _in_utc(parsed: datetime, reading: Reading) -> datetime:
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=reading.zone)
    return aware.astimezone(UTC)


def _iso(found: str) -> datetime | None:
    compact = _SPACED_ZONE.sub(lambda m: "Z" if m[1] == "UTC" else m[1], found)
    if compact.isdigit() and len(compact) != 8:
        return None
    try:
        return datetime.fromisoformat(compact)
    except ValueError:
        return None


def _epoch(found: str) -> datetime | None:
    if not _EPOCH.match(found):
        return None
    seconds = float(found) / (1000 if len(found.partition(".")[0]) == 13 else 1)
    return datetime.fromtimestamp(seconds, UTC)


def _numeric(found: str, reading: Reading) -> datetime | None:
    match = _NUMBERS.match(found)
    if not match:
        return None
    a, b, c = (int(match[n]) for n in (1, 2, 3))
    if len(match[1]) == 4:
        parts = (a, b, c)
    else:
        year = c if len(match[3]) == 4 else (2000 if c < 70 else 1900) + c
        parts = (year, a, b) if reading.date_order == "mdy" else (year, b, a)
    try:
        plain = datetime(*parts)
    except ValueError:
        return None
    return _with_time(plain, match[4])


def _worded(found: str) -> datetime | None:
    head, _sep, tail = found.partition(" at ")
    match = re.match(r"^(.*?\d{4})[,\s]+(\d{1,2}:.*)$", found)
    if match:
        head, tail = match[1], match[2]
    for form in _WORDS:
        try:
            return _with_time(datetime.strptime(head.strip(), form), tail or None)
        except ValueError:
            continue
    return None


def _with_time(plain: datetime, clock: str | None) -> datetime | None:
    if not clock:
        return plain
    match = _TIME.match(clock.strip())
    if not match:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4][0] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    result = plain.replace(hour=hour, minute=minute, second=second)
    if match[5]:
        zone = match[5] if match[5].startswith(("+", "-")) else "+00:00"
        result = datetime.fromisoformat(result.isoformat() + zone)
    return result


def ambiguous_dates(values: list[Any]) -> str | None:
    """Return the order of day and month that some values prove, “?” when they could be both, else None.

    None means that no value is written like 03/04/2026.
    """
    seen = False
    for value in values:
        match = _NUMBERS.match(value.strip()) if isinstance(value, str) else None
        if not match or len(match[1]) == 4:
            continue
        seen = True
        first, second = int(match[1]), int(match[2])
        if first > 12 >= second:
            return "dmy"
        if second > 12 >= first:
            return "mdy"
    return "?" if seen else None
