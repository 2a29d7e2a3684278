"""Entries for other calendars, as iCalendar (RFC 5545): CRLF, lines folded at 75 bytes, text escaped."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from console.engage.calendar.entries import Entry


def calendar(entries: Iterable[Entry], *, name: str, origin: str, now: datetime) -> bytes:
    """Return the file. An hour is half an hour long; what has none takes whole days."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Rapport//Calendar//EN",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{entry.key}@rapport",
            f"DTSTAMP:{_moment(now)}",
            *_when(entry),
            f"SUMMARY:{_text(entry.title)}",
            f"DESCRIPTION:{_text(entry.note)}",
            f"CATEGORIES:{entry.kind.upper()}",
            f"URL:{origin}{entry.url}",
            f"STATUS:{'TENTATIVE' if entry.state == 'draft' else 'CONFIRMED'}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _when(entry: Entry) -> list[str]:
    if entry.at is not None and entry.first == entry.last:
        return [f"DTSTART:{_moment(entry.at)}", "DURATION:PT30M"]
    return [
        f"DTSTART;VALUE=DATE:{entry.first:%Y%m%d}",
        f"DTEND;VALUE=DATE:{entry.last + timedelta(days=1):%Y%m%d}",
    ]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    for plain in ("\\", ";", ","):
        value = value.replace(plain, "\\" + plain)
    joined = "\\n".join(value.splitlines())
    return "".join(c for c in joined if c >= " ")


def _folded(line: str) -> bytes:
    """Fold between characters, never within one."""
    parts, part = [], b""
    for character in line:
        encoded = character.encode()
        if len(part) + len(encoded) > (75 if not parts else 74):
            parts.append(part)
            part = b""
        part += encoded
    return b"\r\n ".join([*parts, part]) + b"\r\n"
