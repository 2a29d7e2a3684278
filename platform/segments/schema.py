"""What rules can be made of, for whoever draws an editor for them. Labels are in the active language."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from customers.models import Channel
from events.models import EventType
from segments.fields import fields
from segments.models import RULE_LANGUAGE, Segment
from segments.operators import OPERATORS, Kind
from segments.rules import MAX_CONDITIONS, MAX_DEPTH, MAX_LIST, MAX_TEXT
from segments.rules.behaviours import AGGREGATES, COLUMNS, COMPARISONS, COUPONS, MESSAGES, NUMBERS, THINGS
from segments.rules.moments import ANCHORS, UNITS, ZONES
from segments.selectors import display_name

_OPERATORS = {
    "eq": noop("is"),
    "ne": noop("is not"),
    "lt": noop("is below"),
    "lte": noop("is at most"),
    "gt": noop("is above"),
    "gte": noop("is at least"),
    "between": noop("is between"),
    "in": noop("is one of"),
    "not_in": noop("is none of"),
    "contains": noop("contains"),
    "starts_with": noop("begins with"),
    "before": noop("is before"),
    "after": noop("is from … on"),
    "within_days": noop("is within the last … days"),
    "older_than_days": noop("is more than … days ago"),
    "in_next_days": noop("is within the next … days"),
    "on": noop("is on"),
    "month": noop("is in month"),
    "is_set": noop("is known"),
    "not_set": noop("is not known"),
}
#: A birthday comes again every year, so today is in it.
_BIRTHDAY = {"in_next_days": noop("is, today included, within … days")}
_MEASURES = {
    "count": noop("times"),
    "orders": noop("orders"),
    "quantity": noop("pieces"),
    "amount": noop("amount spent"),
    "sum": noop("sum of"),
    "average": noop("average of"),
    "largest": noop("largest"),
    "smallest": noop("smallest"),
    "distinct": noop("different"),
    "first": noop("for the first time"),
    "last": noop("for the last time"),
    "never": noop("never"),
}
_WORDS = {
    "amount": noop("amount"),
    "quantity": noop("quantity"),
    "discount": noop("discount"),
    "product": noop("products"),
    "order": noop("orders"),
    "day": noop("day"),
    "order_id": noop("order"),
    "source": noop("source"),
    "hour": noop("hour of the day"),
    "weekday": noop("day of the week (1 is Monday)"),
    "hours": noop("hours"),
    "days": noop("days"),
    "weeks": noop("weeks"),
    "months": noop("months"),
    "week": noop("week"),
    "month": noop("month"),
    "quarter": noop("quarter"),
    "year": noop("year"),
    "shop": noop("the shop's clock"),
    "customer": noop("the customer's clock"),
    "assigned": noop("was given a coupon"),
    "redeemed": noop("redeemed a coupon"),
}
_TEXT_COLUMNS = {"order_id", "source"}


def schema() -> dict[str, Any]:
    """Return limits, fields with their operators, events, measures and the segments there are. One query."""
    return {
        "language": RULE_LANGUAGE,
        "limits": {"depth": MAX_DEPTH, "conditions": MAX_CONDITIONS, "text": MAX_TEXT, "list": MAX_LIST},
        "fields": [_field(name, entry) for name, entry in fields],
        "operators": {
            kind.value: [
                {"op": op, "label": _(_label(kind, op)), "takes": entry.takes}
                for op, entry in operators.items()
            ]
            for kind, operators in OPERATORS.items()
        },
        "events": _choices(EventType.choices),
        "measures": [{"name": name, "label": _(label), "of": _of(name)} for name, label in _MEASURES.items()],
        "comparisons": [{"op": op, "label": _(_OPERATORS[op])} for op in COMPARISONS],
        "columns": [
            {
                "name": name,
                "label": _(_WORDS[name]),
                "kind": (Kind.TEXT if name in _TEXT_COLUMNS else Kind.NUMBER).value,
            }
            for name in COLUMNS
        ],
        "messages": [{"value": name, "label": str(event.label)} for name, event in MESSAGES.items()],
        "coupons": _named(COUPONS),
        "channels": _choices(Channel.choices),
        "segments": [
            {"slug": s.slug, "name": display_name(s), "kind": s.kind, "size": s.size}
            for s in Segment.objects.order_by("name")
        ],
        "units": _named(UNITS),
        "anchors": _named(ANCHORS),
        "zones": _named(ZONES),
    }


def _label(kind: Kind, op: str) -> str:
    return (_BIRTHDAY if kind == Kind.BIRTHDAY else {}).get(op, _OPERATORS[op])


def _field(name: str, entry: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": str(entry.label),
        "group": name.partition(".")[0],
        "kind": entry.kind.value,
        "choices": _choices((v, entry.labels.get(v, v)) for v in entry.labels) if entry.choices else None,
        "keys": _choices((k, entry.labels.get(k, k)) for k in sorted(entry.keys)) if entry.keys else None,
        "any_key": entry.keys is not None and not entry.keys,
    }


def _of(measure: str) -> list[dict[str, str]] | None:
    if measure not in AGGREGATES:
        return None
    return _named((*NUMBERS, *(THINGS if measure == "distinct" else ())))


def _named(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"value": name, "label": _(_WORDS[name])} for name in names]


def _choices(pairs: Iterable[tuple[Any, Any]] | Mapping[Any, Any]) -> list[dict[str, str]]:
    return [{"value": str(value), "label": str(label)} for value, label in pairs]
