"""Data quality: what was cleaned, filled, marked, held and refused, per source and day."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from console.page import Page
from core import clock
from core.charts import Chart, Series, area
from events.models import Note, QualityCount, QuarantinedEvent
from events.quality import TREATMENT, figures, shop_day, sources

#: What is done about flaws, and the notes that belong to each.
TREATED: dict[str, tuple[Any, str, tuple[Note, ...]]] = {
    "cleaned": (_("Repeats left out"), "primary", (Note.DUPLICATE,)),
    "filled": (
        _("Filled in"), "muted",
        (
            Note.NO_TIME, Note.NO_SOURCE, Note.NO_SKU, Note.ONE_ASSUMED, Note.UNKNOWN_CUSTOMER,
            Note.UNKNOWN_PRODUCT,
        ),
    ),
    "marked": (
        _("Kept and marked"), "accent",
        (Note.NO_QUANTITY, Note.NO_RATE, Note.ZERO_PRICE, Note.OUTLIER),
    ),
    "stopped": (_("Held or refused"), "bad", (Note.FUTURE, Note.TOO_OLD, Note.REJECTED)),
}  # fmt: skip
RANGES = (7, 30, 90, 365)
LONGEST = 800  # days
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of flaw in a source's data."""

    name: str
    count: int
    share: float | None
    treatment: Any


class DataQuality(Page):
    """How good the data are that came in, and what was done about their flaws."""

    permission_required = ("events.view_qualitycount",)
    template_name = "console/data_quality.html"
    title = _("Data quality")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the figures of the chosen days and source."""
        known = sources()
        source = self.request.GET.get("source", "")
        source = source if source in known else ""
        newest = QualityCount.objects.order_by("-day").values_list("day", flat=True).first()
        first, last, days = self._days(newest)
        rows = figures(first, last, source or None)
        return super().get_context_data(
            known=known,
            source=source,
            first=first,
            last=last,
            days=days,
            ranges=RANGES,
            newer=newest if newest and newest > last else None,
            tiles=_tiles(rows),
            figure=_chart(rows, first, last) if rows else None,
            tables=_tables(rows),
            waiting=QuarantinedEvent.objects.filter(released_at=None, discarded_at=None).count(),
            may_see_quarantine=self.request.user.has_perm("events.view_quarantinedevent"),
            **kwargs,
        )

    def _days(self, newest: date | None) -> tuple[date, date, int]:
        """Return the first and last day asked for, and their number.

        By default the newest 30 with data; where the shop's history ends in the past, the last 30 of it.
        """
        asked = self.request.GET
        first, last = (_day(asked.get(name, "")) for name in ("from", "to"))
        if last is None:
            present = shop_day(clock.knowledge_now())
            last = present if settings.SHOP_AS_OF else newest or present
        days = asked.get("days", "")
        if first is None or first > last or (last - first).days > LONGEST:
            first = last - timedelta(days=(int(days) if days in map(str, RANGES) else 30) - 1)
        return first, last, (last - first).days + 1


def _day(text: str) -> date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and 1970 <= found.year <= 9000 else None


def _sums(rows: Iterable[Mapping[str, Any]]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["note"]] += row["count"]
    return sums


def _came(sums: Counter[str]) -> int:
    """Return how many came: those that were taken, that were there already, and that were stopped."""
    return sums[Note.ACCEPTED] + sum(sums[n] for what in ("cleaned", "stopped") for n in TREATED[what][2])


def _tiles(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sums = _sums(rows)
    came = _came(sums)
    tiles: list[dict[str, Any]] = [{"title": _("Taken"), "value": sums[Note.ACCEPTED], "share": None}]
    for name, _tone, notes in TREATED.values():
        count = sum(sums[note] for note in notes)
        tiles.append({"title": name, "value": count, "share": count / came if came else None})
    return tiles


def _chart(rows: list[dict[str, Any]], first: date, last: date) -> Chart:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    by_day: dict[tuple[date, str], int] = Counter()
    for row in rows:
        by_day[row["day"], row["note"]] += row["count"]
    series = [
        Series(str(name), [sum(by_day[day, note] for note in notes) for day in days], tone)
        for name, tone, notes in TREATED.values()
    ]
    return area(str(_("Flaws found, per day")), days, series)


def _tables(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a table for each source: its flaws, the most frequent first, and what is done about each."""
    tables = []
    for source in sorted({row["source"] for row in rows}):
        sums = _sums(row for row in rows if row["source"] == source)
        came, taken = _came(sums), sums.pop(Note.ACCEPTED, 0)
        found = [
            Row(Note(note).label, count, count / came if came else None, TREATMENT.get(Note(note), ""))
            for note, count in sums.most_common()
        ]
        tables.append({"source": source, "taken": taken, "rows": found})
    return sorted(tables, key=lambda table: -table["taken"])
