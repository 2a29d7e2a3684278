"""A schedule in words."""

from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.schedule.models import Every, Scheduled, Timing


def in_words(plan: Scheduled) -> str:
    """Return when a campaign goes, as a person says it; empty for one that goes at once."""
    if plan.timing == Timing.TRIGGERED:
        return _trigger(plan)
    if plan.timing == Timing.NOW or plan.at_time is None:
        return ""
    words: dict[str, Any] = {"time": time_format(plan.at_time, "H:i")}
    if plan.timing == Timing.AT:
        words["day"] = date_format(plan.on_day) if plan.on_day else "–"
        said = _("On %(day)s at %(time)s") % words
    elif plan.every == Every.WEEK:
        words["days"] = ", ".join(str(WEEKDAYS[d]) for d in sorted(plan.weekdays))
        said = _("Every %(days)s at %(time)s") % words
    elif plan.every == Every.MONTH:
        words["day"] = plan.month_day
        said = _("On day %(day)s of every month at %(time)s") % words
    else:
        said = _("Every day at %(time)s") % words
    if plan.learned_hours:
        return said + ", " + _("or at the hour learned for each")
    return said + ", " + (_("by each recipient's own clock") if plan.each_zone else _("by the shop's clock"))


def pace_in_words(plan: Scheduled) -> str:
    """Return how fast a campaign goes; empty for one that goes as fast as it can."""
    said = []
    if plan.spread_hours and plan.timing != Timing.TRIGGERED:
        said.append(
            ngettext("spread over %(n)d hour", "spread over %(n)d hours", plan.spread_hours)
            % {"n": plan.spread_hours}
        )
    if plan.per_hour:
        said.append(
            ngettext("%(n)d message an hour at most", "%(n)d messages an hour at most", plan.per_hour)
            % {"n": plan.per_hour}
        )
    return ", ".join(said)


def _trigger(plan: Scheduled) -> str:
    words = {
        "minutes": plan.delay_minutes,
        "event": plan.get_trigger_event_display(),
        "segment": plan.trigger_segment,
        "unless": plan.get_unless_event_display(),
    }
    minutes = plan.delay_minutes
    if plan.trigger_event:
        said = (
            ngettext(
                "%(minutes)d minute after a customer %(event)s",
                "%(minutes)d minutes after a customer %(event)s",
                minutes,
            )
            % words
        )
    else:
        said = (
            ngettext(
                "%(minutes)d minute after a customer enters “%(segment)s”",
                "%(minutes)d minutes after a customer enters “%(segment)s”",
                minutes,
            )
            % words
        )
    return said + (", " + _("unless the customer meanwhile %(unless)s") % words if plan.unless_event else "")
