"""Rules in words, for lists and reports."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.models import EventType
from segments.fields import find
from segments.rules import Behaviour, Comparison, Group, Member, Node, Not, RuleError, parse


def sentence(rule: dict[str, Any]) -> str:
    """Say a rule in words; a rule that cannot be read is named as such."""
    try:
        return _say(parse(rule or {"all": []}))
    except RuleError:
        return _("a rule that this version cannot read")


def _say(node: Node) -> str:
    match node:
        case Group(nodes=()):
            return _("everyone")
        case Group():
            joint = _(" and ") if node.every else _(" or ")
            parts = [_say(child) for child in node.nodes]
            return joint.join(
                f"({p})" if isinstance(c, Group) and len(node.nodes) > 1 else p
                for p, c in zip(parts, node.nodes, strict=True)
            )
        case Not():
            return _("not (%(rule)s)") % {"rule": _say(node.node)}
        case Comparison():
            return _comparison(node)
        case Behaviour():
            return _behaviour(node)
        case Member():
            return _("is in “%(segment)s”") % {"segment": node.slug}


def _comparison(node: Comparison) -> str:
    field, key = find(node.field)
    label = f"{field.label} {field.labels.get(key, key)}" if key else str(field.label)
    return f"{label} {_compare(node.op, node.value, field.labels)}".strip()


def _compare(op: str, value: Any, labels: dict[str, Any]) -> str:
    words = {
        "eq": "=", "ne": "≠", "lt": "<", "lte": "≤", "gt": ">", "gte": "≥",
        "in": _("is one of"), "not_in": _("is none of"), "between": _("between"),
        "is_set": _("is known"), "not_set": _("is not known"), "contains": _("contains"),
        "starts_with": _("starts with"), "before": _("before"), "after": _("after"),
    }  # fmt: skip
    if op == "within_days":
        return ngettext("in the last %(n)d day", "in the last %(n)d days", value) % {"n": value}
    if op == "older_than_days":
        return ngettext("more than %(n)d day ago", "more than %(n)d days ago", value) % {"n": value}
    if isinstance(value, bool):
        said = _("yes") if value else _("no")
    elif isinstance(value, list):
        said = (" – " if op == "between" else ", ").join(str(labels.get(str(v), v)) for v in value)
    else:
        said = "" if value is None else str(labels.get(str(value), value))
    return f"{words.get(op, op)} {said}".strip()


def _behaviour(node: Behaviour) -> str:
    narrowed = ", ".join(text for _key, texts in node.narrowed for text in texts)
    what = f"{EventType(node.event).label} {narrowed}".strip()
    if (node.measure, node.op, node.value) == ("count", "eq", 0):
        said = _("never %(what)s") % {"what": what}
    elif (node.measure, node.op, node.value) == ("count", "gte", 1):
        said = what
    else:
        said = f"{what}: {_measure(node.measure)} {_compare(node.op, node.value, {})}"
    if node.within_days:
        said += " " + _compare("within_days", node.within_days, {})
    return said


def _measure(name: str) -> str:
    return {
        "count": _("times"),
        "orders": _("orders"),
        "quantity": _("quantity"),
        "amount": _("amount"),
    }[name]
