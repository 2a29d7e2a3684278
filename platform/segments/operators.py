"""How a field may be compared, by the kind of what it holds.

Each operator is a template over `{x}` (the field) and what its reader and binder make of the value:
`{v}`, for pairs `{low}` and `{high}`. Only what is written here reaches the database as SQL.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from core import clock
from segments.query import Query, compose, join
from segments.rules.limits import RuleError, at
from segments.rules.moments import moment, moments
from segments.rules.values import boolean, listed, number, numbers, pair, text, whole, whole_days
from segments.zones import Clock


class Kind(StrEnum):
    """What a field holds."""

    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    MOMENT = "moment"
    BOOLEAN = "boolean"
    #: A month and a day, as 12-31.
    BIRTHDAY = "birthday"
    #: A JSON value whose type is known only by what it is compared with.
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Operator:
    """A template, the reader of its value (None where there is none), and how the value fills it."""

    template: str
    read: Callable[[Any, str], Any] | None
    bind: Callable[[Any, Query, Clock, str], dict[str, Any]]
    #: What the value is, for whoever draws an editor for it.
    takes: str


def _plain(value: Any, x: Query, now: Clock, zone: str) -> dict[str, Any]:
    return {"v": value}


def _pair(value: Any, x: Query, now: Clock, zone: str) -> dict[str, Any]:
    return {"low": value[0], "high": value[1]}


def _moment(value: Any, x: Query, now: Clock, zone: str) -> dict[str, Any]:
    return {"v": now.moment(value, zone)}


def _moments(value: Any, x: Query, now: Clock, zone: str) -> dict[str, Any]:
    return {"low": now.moment(value[0], zone), "high": now.moment(value[1], zone)}


def _ago(value: int, x: Query, now: Clock, zone: str) -> dict[str, Any]:
    return {"low": _shifted(now, -value), "high": now.as_of}


def _ahead(value: int, x: Query, now: Clock, zone: str) -> dict[str, Any]:
    return {"low": now.as_of, "high": _shifted(now, value)}


def _shifted(now: Clock, days: int) -> Any:
    return now.as_of + timedelta(days=days)


def _texts(value: Any, path: str) -> list[str]:
    return listed(value, path, text)


def _month_day(value: Any, path: str) -> str:
    written = text(value, path)
    try:
        if not re.fullmatch(r"\d\d-\d\d", written):
            raise ValueError(written)
        date.fromisoformat(f"2000-{written}")
    except ValueError:
        raise RuleError(path, _("Write month and day, as 12-31.")) from None
    return written


def _month(value: Any, path: str) -> str:
    return f"{whole(value, path, 12):02}-"


def _year(value: Any, path: str) -> int:
    return whole(value, path, 366)


def birthdays(first: date, days: int) -> list[str]:
    """Return whose birthdays fall on so many days; those of 29 February are on the 28th in other years."""
    found = set()
    for offset in range(days):
        day = first + timedelta(days=offset)
        found.add(f"{day:%m-%d}")
        if (day.month, day.day) == (2, 28) and day + timedelta(days=1) == date(day.year, 3, 1):
            found.add("02-29")
    return sorted(found)


def _coming(value: int, x: Query, now: Clock, zone: str) -> dict[str, Any]:
    """Bind the days from today on, by the shop's day or by each customer's."""
    here = compose("{x} = ANY({days})", x=x, days=birthdays(now.today(), value))
    if zone == "shop":
        return {"test": here}
    others = now.other_days()
    there = [
        compose(
            "c.time_zone = ANY({zones}) AND {x} = ANY({days})", zones=names, x=x, days=birthdays(day, value)
        )
        for day, names in others.items()
    ]
    elsewhere = [name for names in others.values() for name in names]
    at_home = compose("c.time_zone <> ALL({zones}) AND {here}", zones=elsewhere, here=here)
    return {"test": join(" OR ", [at_home, *there])}


_IS_SET = {
    "is_set": Operator("{x} IS NOT NULL", None, _plain, "none"),
    "not_set": Operator("{x} IS NULL", None, _plain, "none"),
}
_NUMBER = {
    "eq": Operator("{x} = {v}", number, _plain, "number"),
    "ne": Operator("{x} <> {v}", number, _plain, "number"),
    "lt": Operator("{x} < {v}", number, _plain, "number"),
    "lte": Operator("{x} <= {v}", number, _plain, "number"),
    "gt": Operator("{x} > {v}", number, _plain, "number"),
    "gte": Operator("{x} >= {v}", number, _plain, "number"),
    "between": Operator("{x} BETWEEN {low} AND {high}", pair, _pair, "pair"),
    "in": Operator("{x} = ANY({v}::numeric[])", numbers, _plain, "numbers"),
    "not_in": Operator("{x} <> ALL({v}::numeric[])", numbers, _plain, "numbers"),
}
_TEXT = {
    "eq": Operator("{x} = {v}", text, _plain, "text"),
    "ne": Operator("{x} <> {v}", text, _plain, "text"),
    "in": Operator("{x} = ANY({v})", _texts, _plain, "texts"),
    "not_in": Operator("{x} <> ALL({v})", _texts, _plain, "texts"),
}
_WORDS = {
    "contains": Operator("position(lower({v}) IN lower({x})) > 0", text, _plain, "text"),
    "starts_with": Operator("starts_with(lower({x}), lower({v}))", text, _plain, "text"),
}
_MOMENT = {
    "before": Operator("{x} < {v}", moment, _moment, "moment"),
    "after": Operator("{x} >= {v}", moment, _moment, "moment"),
    "between": Operator("{x} >= {low} AND {x} < {high}", moments, _moments, "moments"),
    "within_days": Operator("{x} >= {low} AND {x} < {high}", whole_days, _ago, "days"),
    "older_than_days": Operator("{x} < {low}", whole_days, _ago, "days"),
    "in_next_days": Operator("{x} >= {low} AND {x} < {high}", whole_days, _ahead, "days"),
}
_BOOLEAN = {"eq": Operator("{x} = {v}", boolean, _plain, "boolean")}
_BIRTHDAY = {
    "in_next_days": Operator("{test}", _year, _coming, "days"),
    "on": Operator("{x} = {v}", _month_day, _plain, "text"),
    "month": Operator("starts_with({x}, {v})", _month, _plain, "number"),
}

OPERATORS: Mapping[Kind, Mapping[str, Operator]] = {
    Kind.NUMBER: _NUMBER | _IS_SET,
    Kind.TEXT: _TEXT | _WORDS | _IS_SET,
    Kind.CHOICE: {k: Operator(o.template, o.read, o.bind, o.takes.replace("text", "choice"))
                  for k, o in _TEXT.items()} | _IS_SET,
    Kind.MOMENT: _MOMENT | _IS_SET,
    Kind.BOOLEAN: _BOOLEAN | _IS_SET,
    Kind.BIRTHDAY: _BIRTHDAY | _IS_SET,
    Kind.ATTRIBUTE: _NUMBER | _TEXT | _WORDS | _BOOLEAN | _MOMENT | _IS_SET,
}  # fmt: skip

_WORDED = frozenset({Kind.TEXT, Kind.CHOICE, Kind.BIRTHDAY})
#: What no blank text fits anyway; so a bare column is compared, which may have an index.
_NEVER_BLANK = frozenset({"eq", "in"})
#: A blank text is not known either.
_KNOWN_TEXT = "nullif({x}, '')"
_AS_TEXT = "nullif({x} #>> ARRAY[]::text[], '')"
_AS_NUMBER = "(CASE WHEN jsonb_typeof({x}) = 'number' THEN ({x})::numeric END)"
_AS_BOOLEAN = "(CASE WHEN jsonb_typeof({x}) = 'boolean' THEN ({x})::boolean END)"
# A date or date-time in a text; without an offset it is the shop's. Other texts are no moments.
_LOCAL = r"'^\d\d\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$'"
_EXACT = r"'^\d\d\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)? ?(Z|[+-]\d\d(:?\d\d)?)$'"
_AS_MOMENT = (
    "(CASE"
    " WHEN {t} ~ {local} AND pg_input_is_valid({t}, 'timestamp') THEN {t}::timestamp AT TIME ZONE {zone}"
    " WHEN {t} ~ {exact} AND pg_input_is_valid({t}, 'timestamptz') THEN {t}::timestamptz END)"
)
_ONLY_MOMENTS = frozenset(_MOMENT) - {"between"}


def compare(
    kind: Kind,
    x: Query,
    op: str,
    value: Any,
    *,
    now: Clock,
    path: str,
    zone: str = "shop",
    choices: frozenset[str] | None = None,
) -> Query:
    """Return a boolean expression, NULL where nothing is known. Raises RuleError for a wrong operator or value."""  # noqa: E501
    kind_now = _kind_of(op, value) if kind is Kind.ATTRIBUTE else kind
    operator = _operator(kind, kind_now, op, path)
    if kind not in _WORDED or op not in _NEVER_BLANK:
        x = _as(kind, kind_now, x)
    if operator.read is None:
        if value is not None:
            raise RuleError(at(path, "value"), _("“%(op)s” takes no value.") % {"op": op})
        return compose(f"({operator.template})", x=x)
    read = operator.read(value, at(path, "value"))
    if choices is not None:
        _among(choices, read, at(path, "value"))
    try:
        bound = operator.bind(read, x, now, zone)
    except OverflowError:
        raise RuleError(at(path, "value"), _("This leads out of the calendar.")) from None
    return compose(f"({operator.template})", x=x, **bound)


def readable(kind: Kind, x: Query, op: str, value: Any) -> Query:
    """Return what `compare` compares, to be shown."""
    return _as(kind, _kind_of(op, value) if kind is Kind.ATTRIBUTE else kind, x)


def _as(kind: Kind, kind_now: Kind, x: Query) -> Query:
    if kind in _WORDED:
        return compose(_KNOWN_TEXT, x=x)
    if kind is not Kind.ATTRIBUTE:
        return x
    if kind_now is Kind.MOMENT:
        words = compose(_AS_TEXT, x=x)
        zone = str(clock.shop_zone())
        return compose(_AS_MOMENT, t=words, local=compose(_LOCAL), exact=compose(_EXACT), zone=zone)
    return compose({Kind.BOOLEAN: _AS_BOOLEAN, Kind.NUMBER: _AS_NUMBER}.get(kind_now, _AS_TEXT), x=x)


def _operator(kind: Kind, kind_now: Kind, op: str, path: str) -> Operator:
    known = OPERATORS[kind_now]
    if op not in known:
        raise RuleError(
            at(path, "op"),
            _("“%(op)s” does not fit; use one of: %(names)s.")
            % {"op": op[:50], "names": ", ".join(OPERATORS[kind] if kind is kind_now else known)},
        )
    return known[op]


def _kind_of(op: str, value: Any) -> Kind:
    """Return as what an attribute is read."""
    sample = value[0] if isinstance(value, list) and value else value
    if op in _ONLY_MOMENTS or (op == "between" and isinstance(sample, str | dict)):
        return Kind.MOMENT
    if isinstance(sample, bool):
        return Kind.BOOLEAN
    return Kind.NUMBER if isinstance(sample, int | float) else Kind.TEXT


def _among(choices: frozenset[str], read: Any, path: str) -> None:
    for value in read if isinstance(read, list) else [read]:
        if value not in choices:
            raise RuleError(
                path,
                _("“%(value)s” is not one of: %(names)s.")
                % {"value": value[:50], "names": ", ".join(sorted(choices))},
            )
