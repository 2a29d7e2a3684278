"""The words of comparisons, values and times, of which `segments.explain` makes sentences."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from segments.fields import Field
from segments.rules import Window
from segments.rules.moments import When

COMPARED = {
    "eq": noop("%(field)s is %(value)s"),
    "ne": noop("%(field)s is not %(value)s"),
    "lt": noop("%(field)s is below %(value)s"),
    "lte": noop("%(field)s is at most %(value)s"),
    "gt": noop("%(field)s is above %(value)s"),
    "gte": noop("%(field)s is at least %(value)s"),
    "between": noop("%(field)s is between %(low)s and %(high)s"),
    "in": noop("%(field)s is one of %(value)s"),
    "not_in": noop("%(field)s is none of %(value)s"),
    "contains": noop("%(field)s contains %(value)s"),
    "starts_with": noop("%(field)s begins with %(value)s"),
    "before": noop("%(field)s is before %(value)s"),
    "after": noop("%(field)s is from %(value)s on"),
    "within_days": noop("%(field)s is within the last %(value)s days"),
    "older_than_days": noop("%(field)s is more than %(value)s days ago"),
    "in_next_days": noop("%(field)s is within the next %(value)s days"),
    "on": noop("%(field)s is on %(value)s"),
    "month": noop("%(field)s is in month %(value)s"),
    "is_set": noop("%(field)s is known"),
    "not_set": noop("%(field)s is not known"),
}
#: A birthday has no year and comes again, so today is in it.
BIRTHDAY = {"in_next_days": noop("%(field)s is within %(value)s days, today included")}
AMOUNTS = {
    "eq": noop("exactly %(value)s"),
    "ne": noop("not exactly %(value)s"),
    "lt": noop("less than %(value)s"),
    "lte": noop("at most %(value)s"),
    "gt": noop("more than %(value)s"),
    "gte": noop("at least %(value)s"),
    "between": noop("between %(low)s and %(high)s"),
}
ANCHORS = {
    "day": noop("the beginning of the day"),
    "week": noop("the beginning of the week"),
    "month": noop("the beginning of the month"),
    "quarter": noop("the beginning of the quarter"),
    "year": noop("the beginning of the year"),
}


def label(field: Field, key: str | None) -> str:
    """Return what a field is called, with its key."""
    if key is None:
        return str(field.label)
    return _("%(field)s “%(key)s”") % {"field": field.label, "key": field.labels.get(key, key)}


def values(value: Any, op: str, field: Field | None) -> dict[str, str]:
    """Return the parts that a comparison's words need: `value`, or `low` and `high`."""
    labels = field.labels if field and field.choices else {}

    def shown(item: Any) -> str:
        if isinstance(item, dict):
            anchor = _(ANCHORS.get(item.get("start_of", ""), "")) if item.get("start_of") else str(item)
            shift = item.get("shift", 0)
            return _("%(anchor)s (%(shift)+d)") % {"anchor": anchor, "shift": shift} if shift else anchor
        return moment(item) if isinstance(item, When) else str(labels.get(item, item))

    if op == "between" and isinstance(value, list) and len(value) == 2:
        return {"low": shown(value[0]), "high": shown(value[1])}
    if isinstance(value, list):
        return {"value": _(", ").join(map(shown, value))}
    return {"value": shown(value)}


def during(window: Window) -> str:
    """Return a window, with a space before it; empty for ever."""
    text = ""
    if window.span is not None:
        text += span(window.span.unit, window.span.count)
    if window.since is not None:
        text += _(" from %(moment)s on") % {"moment": moment(window.since)}
    if window.until is not None:
        text += _(" before %(moment)s") % {"moment": moment(window.until)}
    return text


def span(unit: str, count: int) -> str:
    """Return “in the last 3 days”, with a space before it."""
    match unit:
        case "hours":
            text = ngettext(" in the last hour", " in the last %(count)d hours", count)
        case "weeks":
            text = ngettext(" in the last week", " in the last %(count)d weeks", count)
        case "months":
            text = ngettext(" in the last month", " in the last %(count)d months", count)
        case _:
            return ngettext(" in the last day", " in the last %(days)d days", count) % {"days": count}
    return text % {"count": count}


def after(unit: str, count: int) -> str:
    """Return “3 days”."""
    match unit:
        case "hours":
            text = ngettext("an hour", "%(count)d hours", count)
        case "weeks":
            text = ngettext("a week", "%(count)d weeks", count)
        case "months":
            text = ngettext("a month", "%(count)d months", count)
        case _:
            text = ngettext("a day", "%(count)d days", count)
    return text % {"count": count}


def moment(when: When) -> str:
    """Return a point in time."""
    if when.local is not None:
        return f"{when.local:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    anchor = _(ANCHORS[when.unit])
    if when.shift == 0:
        return anchor
    return _("%(anchor)s (%(shift)+d)") % {"anchor": anchor, "shift": when.shift}
