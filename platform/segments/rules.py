"""The rule language, version 1: a JSON tree that says who belongs to a segment.

    {"all": [rule, …]}   {"any": [rule, …]}   {"not": rule}
    {"field": "profile.recency_days", "op": "gte", "value": 30}
    {"event": "purchase", "category": "grocery/coffee", "count": {"gte": 3}, "within_days": 14}
    {"segment": "champions"}

A behaviour counts events of a type, narrowed by `category` (a path; its subtree counts), `product`
(a sku), `brand` (each a text or a list of texts) and `properties` ({name: text}), within the last
`within_days` days or all time. It compares one of `count` (events), `orders`, `quantity` or `amount`
(in the shop's currency) with one of eq, ne, lt, lte, gt, gte, between; without any it asks for at
least one event, and `"never": true` for none.

A comparison with something unknown is false, `ne` and `not_in` included; `{"not": …}` turns any
answer around. `{"all": []}` is everyone.
"""

import math
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from events.models import EventType

MAX_DEPTH = 10
MAX_CONDITIONS = 200
MAX_TEXT = 500
MAX_LIST = 1000
MAX_DAYS = 36_500
MAX_NUMBER = 1e15

MEASURES = ("count", "orders", "quantity", "amount")
COMPARISONS = ("eq", "ne", "lt", "lte", "gt", "gte", "between")
NARROWINGS = ("category", "product", "brand")


class RuleError(ValueError):
    """The rule cannot be used; `path` points at the place, `message` says what to do."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path or '.'}: {message}")
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class Group:
    """All or any of the nodes."""

    path: str
    every: bool
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a node."""

    path: str
    node: "Node"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a value."""

    path: str
    field: str
    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How much of something a customer did."""

    path: str
    event: str
    narrowed: tuple[tuple[str, tuple[str, ...]], ...]
    properties: tuple[tuple[str, str], ...]
    within_days: int | None
    measure: str
    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class Member:
    """Membership of another segment."""

    path: str
    slug: str


Node = Group | Not | Comparison | Behaviour | Member


def parse(rule: Any) -> Node:
    """Read a rule tree. Raises RuleError when it is not one, too deep or too large."""
    return _Reader().node(rule, "", 1)


class _Reader:
    def __init__(self) -> None:
        self.conditions = 0

    def node(self, rule: Any, path: str, depth: int) -> Node:
        if not isinstance(rule, dict) or not rule:
            raise RuleError(path, _("A rule is an object with all, any, not, field, event or segment."))
        if depth > MAX_DEPTH:
            raise RuleError(path, _("The rule is nested deeper than %(n)d levels.") % {"n": MAX_DEPTH})
        for key in ("all", "any"):
            if key in rule:
                return self._group(rule, key, path, depth)
        if "not" in rule:
            _only(rule, {"not"}, path)
            return Not(path, self.node(rule["not"], at(path, "not"), depth + 1))
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise RuleError(path, _("The rule has more than %(n)d conditions.") % {"n": MAX_CONDITIONS})
        if "field" in rule:
            _only(rule, {"field", "op", "value"}, path)
            return Comparison(
                path,
                text(rule["field"], at(path, "field")),
                text(rule.get("op"), at(path, "op")),
                rule.get("value"),
            )
        if "event" in rule:
            return _behaviour(rule, path)
        if "segment" in rule:
            _only(rule, {"segment"}, path)
            return Member(path, text(rule["segment"], at(path, "segment")))
        raise RuleError(path, _("A rule is an object with all, any, not, field, event or segment."))

    def _group(self, rule: dict[str, Any], key: str, path: str, depth: int) -> Group:
        _only(rule, {key}, path)
        members = rule[key]
        if not isinstance(members, list):
            raise RuleError(at(path, key), _("This must be a list of rules."))
        if not members and key == "any":
            raise RuleError(at(path, key), _("Name at least one rule; nobody fits an empty “any”."))
        if len(members) > MAX_CONDITIONS:
            raise RuleError(path, _("The rule has more than %(n)d conditions.") % {"n": MAX_CONDITIONS})
        nodes = tuple(self.node(m, f"{at(path, key)}[{i}]", depth + 1) for i, m in enumerate(members))
        return Group(path, key == "all", nodes)


def _behaviour(rule: dict[str, Any], path: str) -> Behaviour:
    _only(rule, {"event", "within_days", "properties", "never", *NARROWINGS, *MEASURES}, path)
    event = text(rule["event"], at(path, "event"))
    if event not in EventType.values:
        raise RuleError(at(path, "event"), _("There is no event “%(name)s”.") % {"name": event[:50]})
    days = rule.get("within_days")
    narrowed = tuple((key, _texts(rule[key], at(path, key))) for key in NARROWINGS if key in rule)
    measure, op, value = _measure(rule, path)
    return Behaviour(
        path=path,
        event=event,
        narrowed=narrowed,
        properties=_properties(rule.get("properties", {}), at(path, "properties")),
        within_days=None if days is None else whole_days(days, at(path, "within_days")),
        measure=measure,
        op=op,
        value=value,
    )


def _measure(rule: dict[str, Any], path: str) -> tuple[str, str, Any]:
    given = [key for key in (*MEASURES, "never") if key in rule]
    if len(given) > 1:
        raise RuleError(path, _("Use only one of %(names)s.") % {"names": ", ".join(given)})
    if not given:
        return "count", "gte", 1
    name = given[0]
    place = at(path, name)
    if name == "never":
        if rule["never"] is not True:
            raise RuleError(place, _("Write true, or leave it out."))
        return "count", "eq", 0
    wanted = rule[name]
    if not isinstance(wanted, dict) or len(wanted) != 1 or next(iter(wanted)) not in COMPARISONS:
        raise RuleError(
            place, _('Write one comparison, as {"gte": 3}: %(names)s.') % {"names": ", ".join(COMPARISONS)}
        )
    op, value = next(iter(wanted.items()))
    if op == "between":
        return name, op, pair(value, at(place, op))
    return name, op, number(value, at(place, op))


def _properties(value: Any, path: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or len(value) > 10:
        raise RuleError(path, _("This must be an object of at most 10 names and texts."))
    return tuple((text(k, path), text(v, at(path, k[:50]))) for k, v in sorted(value.items()))


def _only(rule: dict[str, Any], known: set[str], path: str) -> None:
    if unknown := sorted(set(rule) - known):
        raise RuleError(path, _("“%(name)s” is not known here.") % {"name": str(unknown[0])[:50]})


def at(path: str, key: str) -> str:
    """Return the path of a part."""
    return f"{path}.{key}" if path else key


def text(value: Any, path: str) -> str:
    """Return a text that PostgreSQL can store. Raises RuleError."""
    if not isinstance(value, str) or not value:
        raise RuleError(path, _("This must be a text."))
    if len(value) > MAX_TEXT:
        raise RuleError(path, _("This text is longer than %(n)d characters.") % {"n": MAX_TEXT})
    if "\0" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise RuleError(path, _("This text holds characters that cannot be stored."))
    return value


def _texts(value: Any, path: str) -> tuple[str, ...]:
    return tuple(listed(value, path, text)) if isinstance(value, list) else (text(value, path),)


def listed(value: Any, path: str, read: Any) -> list[Any]:
    """Return a list of 1 to 1,000 values, each read by `read`. Raises RuleError."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LIST:
        raise RuleError(path, _("This must be a list of 1 to %(n)d values.") % {"n": MAX_LIST})
    return [read(item, f"{path}[{i}]") for i, item in enumerate(value)]


def number(value: Any, path: str) -> int | float:
    """Return a finite number of sensible size. Raises RuleError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RuleError(path, _("This must be a number."))
    if abs(value) > MAX_NUMBER or not math.isfinite(value):
        raise RuleError(path, _("This number is too large."))
    return value


def pair(value: Any, path: str) -> list[int | float]:
    """Return [low, high]. Raises RuleError."""
    if not isinstance(value, list) or len(value) != 2:
        raise RuleError(path, _("Write the lowest and the highest value, as [1, 5]."))
    low, high = (number(item, f"{path}[{i}]") for i, item in enumerate(value))
    if low > high:
        raise RuleError(path, _("The lowest value comes first."))
    return [low, high]


def whole_days(value: Any, path: str) -> int:
    """Return a number of days from 1 to a hundred years. Raises RuleError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_DAYS:
        raise RuleError(path, _("This must be a whole number of days, from 1 to %(n)d.") % {"n": MAX_DAYS})
    return value
