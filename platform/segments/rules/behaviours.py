"""Reading what customers did: behaviours, sequences, messages and coupons.

A behaviour counts events of a type, narrowed by `category` (a path; its subtree counts), `product`
(a sku), `brand` (each a text or a list of texts), `properties` ({name: text}) and `where` (conditions on
columns and properties), within a window. It compares one measure; without any it asks for at least one
event, and `"never": true` for none.
"""

from typing import Any

from django.utils.translation import gettext as _

from events.models import EventType
from segments.rules.limits import MAX_LATEST, MAX_NARROWINGS, RuleError, at
from segments.rules.moments import Span, moment, moments, span, zone
from segments.rules.nodes import Behaviour, Message, Sequence, Where, Window
from segments.rules.values import (
    boolean,
    choice,
    compared,
    entries,
    single,
    text,
    texts,
    true,
    whole,
    whole_days,
)

COMPARISONS = ("eq", "ne", "lt", "lte", "gt", "gte", "between")
NARROWINGS = ("category", "product", "brand")
COUNTS = ("count", "orders", "quantity", "amount")
AGGREGATES = ("sum", "average", "largest", "smallest", "distinct")
EDGES = ("first", "last")
#: What may be summed up; `properties.NAME` beside them, and for `distinct` also these.
NUMBERS = ("amount", "quantity", "discount")
THINGS = ("product", "order", "day")
COLUMNS = ("amount", "quantity", "discount", "order_id", "source", "hour", "weekday")
MOMENT_OPS = ("before", "after", "between", "within_days", "older_than_days")
MESSAGES = {
    "sent": EventType.MESSAGE_SENT,
    "delivered": EventType.MESSAGE_DELIVERED,
    "opened": EventType.MESSAGE_OPENED,
    "clicked": EventType.MESSAGE_CLICKED,
    "bounced": EventType.MESSAGE_BOUNCED,
    "complained": EventType.MESSAGE_COMPLAINED,
    "unsubscribed": EventType.UNSUBSCRIBE,
}
COUPONS = {"assigned": EventType.COUPON_ASSIGNED, "redeemed": EventType.COUPON_REDEEMED}

_WINDOW = ("within_days", "within", "from", "until", "zone")
_NARROWING = ("properties", "where", "earliest", "latest", *NARROWINGS)
_MEASURES = (*COUNTS, *AGGREGATES, *EDGES, "never")


def behaviour(rule: dict[str, Any], path: str) -> Behaviour:
    """Read how much of something was done. Raises RuleError."""
    entries(rule, path, ("event", *_WINDOW, *_NARROWING, *_MEASURES))
    measure, of, op, value = _measure(rule, path)
    return _events(rule, path, measure=measure, of=of, op=op, value=value)


def _events(rule: dict[str, Any], path: str, **measured: Any) -> Behaviour:
    event = text(rule["event"], at(path, "event"))
    if event not in EventType.values:
        raise RuleError(at(path, "event"), _("There is no event “%(name)s”.") % {"name": event[:50]})
    if "earliest" in rule and "latest" in rule:
        raise RuleError(path, _("Use only one of %(names)s.") % {"names": "earliest, latest"})
    nearest = 0
    for name, sign in (("earliest", 1), ("latest", -1)):
        if name in rule:
            nearest = sign * whole(rule[name], at(path, name), MAX_LATEST)
    narrowed = tuple((key, texts(rule[key], at(path, key))) for key in NARROWINGS if key in rule)
    return Behaviour(
        path=path,
        event=event,
        narrowed=narrowed,
        properties=_properties(rule.get("properties", {}), at(path, "properties")),
        where=_wheres(rule.get("where", []), at(path, "where")),
        window=_window(rule, path),
        nearest=nearest,
        **measured,
    )


def _window(rule: dict[str, Any], path: str) -> Window:
    if len([key for key in ("within_days", "within", "from") if key in rule]) > 1:
        raise RuleError(path, _("Use only one of %(names)s.") % {"names": "within_days, within, from"})
    length = None
    if rule.get("within_days") is not None:
        length = Span("days", whole_days(rule["within_days"], at(path, "within_days")))
    elif "within" in rule:
        length = span(rule["within"], at(path, "within"))
    return Window(
        span=length,
        since=moment(rule["from"], at(path, "from")) if "from" in rule else None,
        until=moment(rule["until"], at(path, "until")) if "until" in rule else None,
        zone=zone(rule.get("zone", "shop"), at(path, "zone")),
    )


def _measure(rule: dict[str, Any], path: str) -> tuple[str, str, str, Any]:
    """Return measure, what it is of, operator and value."""
    given = [key for key in _MEASURES if key in rule]
    if len(given) > 1:
        raise RuleError(path, _("Use only one of %(names)s.") % {"names": ", ".join(given)})
    if not given:
        return "count", "", "gte", 1
    name, place = given[0], at(path, given[0])
    if name == "never":
        true(rule["never"], place)
        return "count", "", "eq", 0
    if name in EDGES:
        op, value = single(rule[name], place, MOMENT_OPS)
        read = {"between": moments, "before": moment, "after": moment}.get(op, whole_days)
        return name, "", op, read(value, at(place, op))
    if name in COUNTS:
        return name, "", *compared(rule[name], place, COMPARISONS)
    wanted = entries(rule[name], place, ("of", *COMPARISONS))
    of = _of(wanted.get("of"), name, at(place, "of"))
    return name, of, *compared({k: v for k, v in wanted.items() if k != "of"}, place, COMPARISONS)


def _of(value: Any, measure: str, path: str) -> str:
    known = (*NUMBERS, *(THINGS if measure == "distinct" else ()))
    if isinstance(value, str) and value.startswith("properties."):
        text(value.removeprefix("properties."), path)
        return text(value, path)
    if value not in known:
        names = ", ".join((*known, "properties.NAME"))
        raise RuleError(path, _("Write one of: %(names)s.") % {"names": names})
    return str(value)


def _properties(value: Any, path: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or len(value) > MAX_NARROWINGS:
        raise RuleError(
            path, _("This must be an object of at most %(n)d names and texts.") % {"n": MAX_NARROWINGS}
        )
    read = [(text(k, path), text(v, at(path, str(k)[:50]))) for k, v in value.items()]
    return tuple(sorted(read))


def _wheres(value: Any, path: str) -> tuple[Where, ...]:
    if not isinstance(value, list) or len(value) > MAX_NARROWINGS:
        raise RuleError(path, _("This must be a list of at most %(n)d conditions.") % {"n": MAX_NARROWINGS})
    return tuple(_where(item, f"{path}[{i}]") for i, item in enumerate(value))


def _where(value: Any, path: str) -> Where:
    given = entries(value, path, ("property", "column", "op", "value"))
    if ("property" in given) == ("column" in given):
        raise RuleError(path, _("Use only one of %(names)s.") % {"names": "property, column"})
    if "property" in given:
        name = text(given["property"], at(path, "property"))
    else:
        name = choice(given["column"], at(path, "column"), COLUMNS)
    op = text(given.get("op"), at(path, "op"))
    return Where(path, name, "property" in given, op, given.get("value"))


def sequence(rule: dict[str, Any], path: str) -> Sequence:
    """Read one behaviour followed, or not followed, by another. Raises RuleError."""
    entries(rule, path, ("sequence", "within", "absent", "same"))
    steps, place = rule["sequence"], at(path, "sequence")
    if not isinstance(steps, list) or len(steps) != 2:
        raise RuleError(place, _("Write two steps: what comes first, and what follows."))
    first, second = (_step(step, f"{place}[{i}]") for i, step in enumerate(steps))
    if second.nearest or second.window != Window():
        raise RuleError(f"{place}[1]", _("The second step has no window of its own; “within” is its window."))
    same = choice(rule["same"], at(path, "same"), ("product", "order")) if "same" in rule else ""
    return Sequence(
        path,
        first,
        second,
        span(rule.get("within"), at(path, "within")),
        absent=boolean(rule.get("absent", False), at(path, "absent")),
        same=f"{same}_id" if same else "",
    )


def _step(rule: Any, path: str) -> Behaviour:
    entries(rule, path, ("event", *_WINDOW, *_NARROWING))
    if "event" not in rule:
        raise RuleError(path, _("Say which event."))
    return _events(rule, path)


def message(rule: dict[str, Any], path: str) -> Message:
    """Read what was done with messages. Raises RuleError."""
    entries(rule, path, ("message", "campaign", "channel", "of_last", "count", "never", *_WINDOW))
    op, value = _counted(rule, path)
    return Message(
        path,
        what=choice(rule["message"], at(path, "message"), MESSAGES),
        campaigns=texts(rule["campaign"], at(path, "campaign")) if "campaign" in rule else (),
        channels=texts(rule["channel"], at(path, "channel")) if "channel" in rule else (),
        of_last=whole(rule["of_last"], at(path, "of_last"), MAX_LATEST) if "of_last" in rule else 0,
        window=_window(rule, path),
        op=op,
        value=value,
    )


def coupon(rule: dict[str, Any], path: str) -> Behaviour:
    """Read what was done with coupons: events like others. Raises RuleError."""
    entries(rule, path, ("coupon", "pool", "count", "never", *_WINDOW))
    what = choice(rule["coupon"], at(path, "coupon"), COUPONS)
    op, value = _counted(rule, path)
    where: tuple[Where, ...] = ()
    if "pool" in rule:
        pools = list(texts(rule["pool"], at(path, "pool")))
        where = (Where(at(path, "pool"), "pool", True, "in", pools),)
    return Behaviour(path, COUPONS[what].value, where=where, window=_window(rule, path), op=op, value=value)


def _counted(rule: dict[str, Any], path: str) -> tuple[str, Any]:
    if "never" in rule:
        true(rule["never"], at(path, "never"))
        if "count" in rule:
            raise RuleError(path, _("Use only one of %(names)s.") % {"names": "count, never"})
        return "eq", 0
    return compared(rule["count"], at(path, "count"), COMPARISONS) if "count" in rule else ("gte", 1)
