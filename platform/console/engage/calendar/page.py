"""The calendar: a month, a week, or a list."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from console.engage.calendar import feed, holidays
from console.engage.calendar.entries import Entry, Span, allowed, entries
from console.engage.calendar.feed import MaySeeSome
from console.engage.calendar.layout import weeks
from console.engage.calendar.meetings import of_messages, of_promotions
from console.page import Page
from core import clock

VIEWS = (
    ("month", gettext_lazy("Month")),
    ("week", gettext_lazy("Week")),
    ("list", gettext_lazy("List")),
)
#: What fits into a day before it says how much more there is.
LANES = {"month": 4, "week": 16}


class Calendar(MaySeeSome, Page):
    """Everything planned and past, holidays, and what meets."""

    template_name = "console/engage/calendar.html"
    title = gettext_lazy("Calendar")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the days with what is on them. About a dozen queries, whatever the span."""
        ask, user, now = self.request.GET, self.request.user, clock.now()
        view = ask.get("view") if ask.get("view") in dict(VIEWS) else "month"
        today = now.astimezone(clock.shop_zone()).date()
        day = _day(ask.get("day"), today)
        first, last, before, after = _span(str(view), day)
        span = Span(first, last, now)
        kinds = [kind for kind in allowed(user) if kind.key in ask.getlist("kind")]
        found = entries(span, user, [kind.key for kind in kinds])
        of = _countries(ask.getlist("country"))
        free = holidays.between(first, last, of)
        context: dict[str, Any] = {
            "view": view,
            "views": [(key, label, self._link(day, view=key)) for key, label in VIEWS],
            "heading": _heading(str(view), day, first, last),
            "day": day,
            "today": today,
            "before": self._link(before),
            "after": self._link(after),
            "now_link": self._link(today),
            "kinds": [(kind, not kinds or kind in kinds) for kind in allowed(user)],
            "narrowed": bool(kinds),
            "countries": of,
            "supported": holidays.supported(),
            "meetings": [meeting.words for meeting in of_messages(found, span)] + of_promotions(found, span),
            "empty": not found,
            "may_add": user.has_perm("campaigns.add_campaign"),
            **feed.shown_to(self.request),
        }
        if view == "list":
            context["days"] = _listed(found, free, span)
        else:
            context["weekdays"] = [date_format(first + timedelta(days=n), "D") for n in range(7)]
            context["weeks"] = weeks(
                first, last, found, free, month=day.month if view == "month" else 0, lanes=LANES[str(view)]
            )
        return super().get_context_data(**context, **kwargs)

    def _link(self, day: date, **changed: str) -> str:
        """Return the address of another day or view, with what else was chosen."""
        ask = self.request.GET
        query = {"view": ask.get("view", "month"), "day": day.isoformat(), **changed}
        rest = [(name, value) for name in ("kind", "country") for value in ask.getlist(name)]
        return "?" + urlencode([*query.items(), *rest])


def _day(text: str | None, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return otherwise
    return day if 1990 <= day.year < 2100 else otherwise


def _span(view: str, day: date) -> tuple[date, date, date, date]:
    """Return the first day, the day after the last, and a day of the span before and after."""
    if view == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=7), day - timedelta(days=7), day + timedelta(days=7)
    month = day.replace(day=1)
    following = (month + timedelta(days=32)).replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    if view == "list":
        return month, following, before, following
    first = month - timedelta(days=month.weekday())
    last = following + timedelta(days=-following.weekday() % 7)
    return first, last, before, following


def _heading(view: str, day: date, first: date, last: date) -> str:
    if view == "week":
        return f"{date_format(first, 'DATE_FORMAT')} – {date_format(last - timedelta(days=1), 'DATE_FORMAT')}"
    return date_format(day, "YEAR_MONTH_FORMAT")


def _countries(asked: list[str]) -> list[str]:
    known = set(holidays.supported())
    chosen = [country for country in dict.fromkeys(asked) if country in known]
    return chosen[: holidays.MOST] or holidays.countries()


def _listed(found: list[Entry], free: list[holidays.Holiday], span: Span) -> list[dict[str, Any]]:
    """Return the days on which something begins or a holiday is; what began before stands on the first."""
    days: dict[date, dict[str, Any]] = {}

    def on(day: date) -> dict[str, Any]:
        return days.setdefault(day, {"day": day, "entries": [], "holidays": []})

    for entry in found:
        on(max(entry.first, span.first))["entries"].append(entry)
    for holiday in free:
        on(holiday.day)["holidays"].append(holiday)
    return [days[day] for day in sorted(days)]
