"""A rule in one sentence, in the reader's language."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from events.models import EventType
from segments.fields import Field, find
from segments.models import Segment
from segments.rules import Behaviour, Comparison, Group, Member, Node, Not, parse
from segments.selectors import display_name

_COMPARED = {
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
    "is_set": noop("%(field)s is known"),
    "not_set": noop("%(field)s is not known"),
}
_AMOUNTS = {
    "eq": noop("exactly %(value)s"),
    "ne": noop("not exactly %(value)s"),
    "lt": noop("less than %(value)s"),
    "lte": noop("at most %(value)s"),
    "gt": noop("more than %(value)s"),
    "gte": noop("at least %(value)s"),
    "between": noop("between %(low)s and %(high)s"),
}
_MEASURES = {
    "count": noop("%(event)s%(what)s %(amount)s times"),
    "orders": noop("%(event)s%(what)s in %(amount)s orders"),
    "quantity": noop("%(event)s%(what)s: %(amount)s pieces"),
    "amount": noop("%(event)s%(what)s: for %(amount)s in all"),
}


def explain(rule: dict[str, Any]) -> str:
    """Return the rule as one sentence. Raises RuleError when it is not a rule."""
    text = _words(parse(rule), outermost=True)
    return _("%(rule)s.") % {"rule": text[:1].upper() + text[1:]}


def _words(node: Node, outermost: bool = False) -> str:
    match node:
        case Group(nodes=()):
            return _("everyone")
        case Group():
            word = _(" and ") if node.every else _(" or ")
            text = word.join(_words(n, len(node.nodes) == 1 and outermost) for n in node.nodes)
            return text if outermost or len(node.nodes) == 1 else _("(%(rules)s)") % {"rules": text}
        case Not():
            return _("not: %(rule)s") % {"rule": _words(node.node)}
        case Comparison():
            return _comparison(node)
        case Behaviour():
            return _behaviour(node)
        case Member():
            segment = Segment.objects.filter(slug=node.slug).first()
            return _("is in “%(name)s”") % {"name": display_name(segment) if segment else node.slug}


def _comparison(node: Comparison) -> str:
    try:
        field, key = find(node.field)
    except LookupError:
        field, key = None, None
    label = _label(field, key) if field else node.field
    if node.op == "eq" and isinstance(node.value, bool):
        return (_("%(field)s: yes") if node.value else _("%(field)s: no")) % {"field": label}
    template = _COMPARED.get(node.op)
    if template is None:
        return f"{label} {node.op} {node.value}"
    return _(template) % {"field": label, **_values(node.value, node.op, field)}


def _label(field: Field, key: str | None) -> str:
    if key is None:
        return str(field.label)
    return _("%(field)s “%(key)s”") % {"field": field.label, "key": field.labels.get(key, key)}


def _values(value: Any, op: str, field: Field | None) -> dict[str, str]:
    labels = field.labels if field and field.choices else {}
    if op == "between" and isinstance(value, list) and len(value) == 2:
        return {"low": str(value[0]), "high": str(value[1])}
    if isinstance(value, list):
        return {"value": _(", ").join(str(labels.get(item, item)) for item in value)}
    return {"value": str(labels.get(value, value))}


def _behaviour(node: Behaviour) -> str:
    event = str(EventType(node.event).label)
    what = "".join(
        _(" (%(what)s)") % {"what": _(", ").join(values)}
        for values in [*(values for _name, values in node.narrowed), *([v] for _k, v in node.properties)]
    )
    if node.measure == "count" and (node.op, node.value) == ("eq", 0):
        text = _("never %(event)s%(what)s") % {"event": event, "what": what}
    elif node.measure == "count" and (node.op, node.value) == ("gte", 1):
        text = f"{event}{what}"
    else:
        amount = _(_AMOUNTS[node.op]) % _values(node.value, node.op, None)
        text = _(_MEASURES[node.measure]) % {"event": event, "what": what, "amount": amount}
    if node.within_days is None:
        return text
    return text + ngettext(" in the last day", " in the last %(days)d days", node.within_days) % {
        "days": node.within_days
    }
