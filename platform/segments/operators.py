"""How a field may be compared, by the kind of what it holds.

Each operator is a template over `{x}` (the field), `{v}` (the value), for pairs `{low}` and `{high}`,
and `{as_of}`. Only what is written here reaches the database as SQL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from core.clock import parse_moment
from segments.query import Query, compose
from segments.rules import RuleError, at, listed, number, pair, text, whole_days


class Kind(StrEnum):
    """What a field holds."""

    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    MOMENT = "moment"
    BOOLEAN = "boolean"
    #: A JSON value whose type is known only by what it is compared with.
    ATTRIBUTE = "attribute"


def _boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise RuleError(path, _("Write true or false."))
    return value


def _moment(value: Any, path: str) -> datetime:
    try:
        return parse_moment(text(value, path))
    except ValueError as error:
        raise RuleError(path, getattr(error, "message", str(error))) from error


def _moments(value: Any, path: str) -> list[datetime]:
    if not isinstance(value, list) or len(value) != 2:
        raise RuleError(path, _("Write two dates, the first and the one after the last."))
    return [_moment(item, f"{path}[{i}]") for i, item in enumerate(value)]


def _texts(value: Any, path: str) -> list[str]:
    return listed(value, path, text)


def _numbers(value: Any, path: str) -> list[Any]:
    return listed(value, path, number)


@dataclass(frozen=True, slots=True)
class Operator:
    """A template and the reader of its value; `read` is None where there is no value."""

    template: str
    read: Callable[[Any, str], Any] | None


_IS_SET = {"is_set": Operator("{x} IS NOT NULL", None), "not_set": Operator("{x} IS NULL", None)}
_NUMBER = {
    "eq": Operator("{x} = {v}", number),
    "ne": Operator("{x} <> {v}", number),
    "lt": Operator("{x} < {v}", number),
    "lte": Operator("{x} <= {v}", number),
    "gt": Operator("{x} > {v}", number),
    "gte": Operator("{x} >= {v}", number),
    "between": Operator("{x} BETWEEN {low} AND {high}", pair),
    "in": Operator("{x}::float8 = ANY({v}::float8[])", _numbers),
    "not_in": Operator("{x}::float8 <> ALL({v}::float8[])", _numbers),
}
_TEXT = {
    "eq": Operator("{x} = {v}", text),
    "ne": Operator("{x} <> {v}", text),
    "in": Operator("{x} = ANY({v})", _texts),
    "not_in": Operator("{x} <> ALL({v})", _texts),
}
_WORDS = {
    "contains": Operator("position(lower({v}) IN lower({x})) > 0", text),
    "starts_with": Operator("starts_with(lower({x}), lower({v}))", text),
}
_MOMENT = {
    "before": Operator("{x} < {v}", _moment),
    "after": Operator("{x} >= {v}", _moment),
    "between": Operator("{x} >= {low} AND {x} < {high}", _moments),
    "within_days": Operator("{x} >= {as_of} - make_interval(days => {v}) AND {x} < {as_of}", whole_days),
    "older_than_days": Operator("{x} < {as_of} - make_interval(days => {v})", whole_days),
}
_BOOLEAN = {"eq": Operator("{x} = {v}", _boolean)}

OPERATORS: Mapping[Kind, Mapping[str, Operator]] = {
    Kind.NUMBER: _NUMBER | _IS_SET,
    Kind.TEXT: _TEXT | _WORDS | _IS_SET,
    Kind.CHOICE: _TEXT | _IS_SET,
    Kind.MOMENT: _MOMENT | _IS_SET,
    Kind.BOOLEAN: _BOOLEAN | _IS_SET,
    Kind.ATTRIBUTE: _NUMBER | _TEXT | _WORDS | _BOOLEAN | _IS_SET,
}

#: A blank text is not known either.
_KNOWN_TEXT = "nullif({x}, '')"
_AS_TEXT = "nullif({x} #>> ARRAY[]::text[], '')"
_AS_NUMBER = "(CASE WHEN jsonb_typeof({x}) = 'number' THEN ({x} #>> ARRAY[]::text[])::numeric END)"
_AS_BOOLEAN = "(CASE WHEN jsonb_typeof({x}) = 'boolean' THEN ({x} #>> ARRAY[]::text[])::boolean END)"


def compare(
    kind: Kind, x: Query, op: str, value: Any, *, as_of: datetime, path: str, choices: frozenset[str] | None
) -> Query:
    """Return a boolean expression that is never NULL. Raises RuleError for a wrong operator or value."""
    operator = _operator(kind, op, value, path)
    if kind in (Kind.TEXT, Kind.CHOICE):
        x = compose(_KNOWN_TEXT, x=x)
    elif kind is Kind.ATTRIBUTE:
        x = compose(_attribute_as(value), x=x)
    if operator.read is None:
        if value is not None:
            raise RuleError(at(path, "value"), _("“%(op)s” takes no value.") % {"op": op})
        return compose(f"({operator.template}) IS TRUE", x=x)
    read = operator.read(value, at(path, "value"))
    if choices is not None:
        _among(choices, read, at(path, "value"))
    low, high = read if op == "between" else (None, None)
    return compose(f"({operator.template}) IS TRUE", x=x, v=read, low=low, high=high, as_of=as_of)


def _operator(kind: Kind, op: str, value: Any, path: str) -> Operator:
    known = OPERATORS[kind]
    if kind is Kind.ATTRIBUTE:
        known = OPERATORS[_kind_of(value)] if value is not None else _IS_SET
    if op not in known:
        raise RuleError(
            at(path, "op"),
            _("“%(op)s” does not fit; use one of: %(names)s.") % {"op": op[:50], "names": ", ".join(known)},
        )
    return known[op]


def _kind_of(value: Any) -> Kind:
    sample = value[0] if isinstance(value, list) and value else value
    if isinstance(sample, bool):
        return Kind.BOOLEAN
    return Kind.NUMBER if isinstance(sample, int | float) else Kind.TEXT


def _attribute_as(value: Any) -> str:
    if value is None:
        return _AS_TEXT
    return {Kind.BOOLEAN: _AS_BOOLEAN, Kind.NUMBER: _AS_NUMBER}.get(_kind_of(value), _AS_TEXT)


def _among(choices: frozenset[str], read: Any, path: str) -> None:
    for value in read if isinstance(read, list) else [read]:
        if value not in choices:
            raise RuleError(
                path,
                _("“%(value)s” is not one of: %(names)s.")
                % {"value": value[:50], "names": ", ".join(sorted(choices))},
            )
