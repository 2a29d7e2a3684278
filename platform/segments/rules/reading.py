"""From JSON to nodes: what is not a rule is refused, with the place and what to do."""

from typing import Any

from django.utils.translation import gettext as _

from segments.rules.behaviours import behaviour, coupon, message, sequence
from segments.rules.limits import MAX_CONDITIONS, MAX_DEPTH, MAX_NODES, MAX_TOP, RuleError, at
from segments.rules.moments import zone
from segments.rules.nodes import Comparison, Condition, Group, Member, Node, Not, Share, Top
from segments.rules.values import choice, entries, number, text, whole

#: The number of slots into which a share's hash falls (32 bits of MD5).
SLOTS = 2**32
KINDS = ("field", "event", "sequence", "message", "coupon", "segment", "share", "top")


def parse(rule: Any) -> Node:
    """Read a rule tree. Raises RuleError when it is not one, too deep or too large."""
    return _Reader().node(rule, "", 1)


class _Reader:
    def __init__(self) -> None:
        self.conditions = 0
        self.nodes = 0

    def node(self, rule: Any, path: str, depth: int) -> Node:
        if not isinstance(rule, dict) or not rule:
            raise _no_rule(path)
        if depth > MAX_DEPTH:
            raise RuleError(path, _("The rule is nested deeper than %(n)d levels.") % {"n": MAX_DEPTH})
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise RuleError(path, _("The rule has more than %(n)d groups and conditions.") % {"n": MAX_NODES})
        for key in ("all", "any"):
            if key in rule:
                return self._group(rule, key, path, depth)
        if "not" in rule:
            entries(rule, path, ("not",))
            return Not(path, self.node(rule["not"], at(path, "not"), depth + 1))
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise RuleError(path, _("The rule has more than %(n)d conditions.") % {"n": MAX_CONDITIONS})
        return self._condition(rule, path, depth)

    def _group(self, rule: dict[str, Any], key: str, path: str, depth: int) -> Group:
        entries(rule, path, (key,))
        members = rule[key]
        if not isinstance(members, list):
            raise RuleError(at(path, key), _("This must be a list of rules."))
        if not members and key == "any":
            raise RuleError(at(path, key), _("Name at least one rule; nobody fits an empty “any”."))
        if len(members) > MAX_CONDITIONS:
            raise RuleError(path, _("The rule has more than %(n)d conditions.") % {"n": MAX_CONDITIONS})
        nodes = tuple(self.node(m, f"{at(path, key)}[{i}]", depth + 1) for i, m in enumerate(members))
        return Group(path, key == "all", nodes)

    def _condition(self, rule: dict[str, Any], path: str, depth: int) -> Condition:
        match next((kind for kind in KINDS if kind in rule), ""):
            case "field":
                return _comparison(rule, path)
            case "event":
                return behaviour(rule, path)
            case "sequence":
                return sequence(rule, path)
            case "message":
                return message(rule, path)
            case "coupon":
                return coupon(rule, path)
            case "segment":
                entries(rule, path, ("segment",))
                return Member(path, text(rule["segment"], at(path, "segment")))
            case "share":
                entries(rule, path, ("share",))
                return _share(rule["share"], path, at(path, "share"))
            case "top":
                entries(rule, path, ("top",))
                return self._top(rule["top"], path, at(path, "top"), depth)
        raise _no_rule(path)

    def _top(self, value: Any, path: str, place: str, depth: int) -> Top:
        given = entries(value, place, ("field", "n", "percent", "order", "of"))
        if ("n" in given) == ("percent" in given):
            raise RuleError(place, _("Say how many: either n or percent."))
        return Top(
            path,
            field=text(given.get("field"), at(place, "field")),
            n=whole(given["n"], at(place, "n"), MAX_TOP) if "n" in given else 0,
            percent=_percent(given["percent"], at(place, "percent")) if "percent" in given else 0,
            descending=choice(given.get("order", "desc"), at(place, "order"), ("desc", "asc")) == "desc",
            of=self.node(given["of"], at(place, "of"), depth + 1) if "of" in given else None,
        )


def _no_rule(path: str) -> RuleError:
    names = ", ".join(("all", "any", "not", *KINDS))
    return RuleError(path, _("A rule is an object with one of: %(names)s.") % {"names": names})


def _comparison(rule: dict[str, Any], path: str) -> Comparison:
    entries(rule, path, ("field", "op", "value", "zone"))
    return Comparison(
        path,
        text(rule["field"], at(path, "field")),
        text(rule.get("op"), at(path, "op")),
        rule.get("value"),
        zone(rule.get("zone", "shop"), at(path, "zone")),
    )


def _share(value: Any, path: str, place: str) -> Share:
    given = entries(value, place, ("percent", "salt", "from"))
    percent = _percent(given.get("percent"), at(place, "percent"))
    begins = number(given.get("from", 0), at(place, "from"))
    if not 0 <= begins <= 100 - percent:
        raise RuleError(at(place, "from"), _("The share must lie between 0 and 100 percent."))
    low, high = (round(edge * SLOTS / 100) for edge in (begins, begins + percent))
    return Share(path, text(given.get("salt"), at(place, "salt")), low, high, percent)


def _percent(value: Any, path: str) -> float:
    if not 0 < number(value, path) <= 100:
        raise RuleError(path, _("Write a percentage above 0, up to 100."))
    return float(value)
