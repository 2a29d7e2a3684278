"""A rule in one sentence, in the reader's language."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from events.models import EventType
from segments.fields import Field, find
from segments.models import Segment
from segments.rules import (
    Behaviour,
    Comparison,
    Group,
    Member,
    Message,
    Node,
    Not,
    Sequence,
    Share,
    Top,
    Where,
    Window,
    parse,
)
from segments.rules.moments import When
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
    "in_next_days": noop("%(field)s is within the next %(value)s days"),
    "on": noop("%(field)s is on %(value)s"),
    "month": noop("%(field)s is in month %(value)s"),
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
    "sum": noop("%(event)s%(what)s: %(of)s in all %(amount)s"),
    "average": noop("%(event)s%(what)s: %(of)s on average %(amount)s"),
    "largest": noop("%(event)s%(what)s: largest %(of)s %(amount)s"),
    "smallest": noop("%(event)s%(what)s: smallest %(of)s %(amount)s"),
    "distinct": noop("%(event)s%(what)s: %(amount)s different (%(of)s)"),
}
_EDGES = {
    "first": noop("%(event)s%(what)s for the first time"),
    "last": noop("%(event)s%(what)s for the last time"),
}
_ANCHORS = {
    "day": noop("the beginning of the day"),
    "week": noop("the beginning of the week"),
    "month": noop("the beginning of the month"),
    "quarter": noop("the beginning of the quarter"),
    "year": noop("the beginning of the year"),
}
_MESSAGES = {
    "sent": noop("was sent a message"),
    "delivered": noop("received a message"),
    "opened": noop("opened a message"),
    "clicked": noop("clicked in a message"),
    "bounced": noop("could not be reached"),
    "complained": noop("complained about a message"),
    "unsubscribed": noop("unsubscribed"),
}
_OF = {
    "amount": noop("amount"),
    "quantity": noop("quantity"),
    "discount": noop("discount"),
    "product": noop("products"),
    "order": noop("orders"),
    "day": noop("days"),
}


def explain(rule: dict[str, Any]) -> str:
    """Return the rule as one sentence. Raises RuleError when it is not a rule."""
    text = words(parse(rule), outermost=True)
    return _("%(rule)s.") % {"rule": text[:1].upper() + text[1:]}


def words(node: Node, outermost: bool = False) -> str:
    """Return a node in words, without a full stop."""
    match node:
        case Group(nodes=()):
            return _("everyone")
        case Group():
            word = _(" and ") if node.every else _(" or ")
            text = word.join(words(n, len(node.nodes) == 1 and outermost) for n in node.nodes)
            return text if outermost or len(node.nodes) == 1 else _("(%(rules)s)") % {"rules": text}
        case Not():
            return _("not: %(rule)s") % {"rule": words(node.node)}
        case Comparison():
            return _comparison(node)
        case Behaviour():
            return _behaviour(node)
        case Sequence():
            return _sequence(node)
        case Message():
            return _message(node)
        case Member():
            segment = Segment.objects.filter(slug=node.slug).first()
            return _("is in “%(name)s”") % {"name": display_name(segment) if segment else node.slug}
        case Share():
            return _("belongs to a random %(percent)s %% (“%(salt)s”)") % {
                "percent": f"{node.percent:g}",
                "salt": node.salt,
            }
        case Top():
            return _top(node)


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

    def shown(item: Any) -> str:
        if isinstance(item, dict):
            anchor = _(_ANCHORS.get(item.get("start_of", ""), "")) if item.get("start_of") else str(item)
            shift = item.get("shift", 0)
            return _("%(anchor)s (%(shift)+d)") % {"anchor": anchor, "shift": shift} if shift else anchor
        return _moment(item) if isinstance(item, When) else str(labels.get(item, item))

    if op == "between" and isinstance(value, list) and len(value) == 2:
        return {"low": shown(value[0]), "high": shown(value[1])}
    if isinstance(value, list):
        return {"value": _(", ").join(map(shown, value))}
    return {"value": shown(value)}


def _behaviour(node: Behaviour) -> str:
    event, what = str(EventType(node.event).label), _what(node)
    if node.measure in _EDGES:
        subject = _(_EDGES[node.measure]) % {"event": event, "what": what}
        text = _(_COMPARED[node.op]) % {"field": subject, **_values(node.value, node.op, None)}
    elif node.measure == "count" and (node.op, node.value) == ("eq", 0):
        text = _("never %(event)s%(what)s") % {"event": event, "what": what}
    elif node.measure == "count" and (node.op, node.value) == ("gte", 1):
        text = f"{event}{what}"
    else:
        amount = _(_AMOUNTS[node.op]) % _values(node.value, node.op, None)
        of = _(_OF[node.of]) if node.of in _OF else node.of.removeprefix("properties.")
        text = _(_MEASURES[node.measure]) % {"event": event, "what": what, "amount": amount, "of": of}
    return text + _during(node.window)


def _what(node: Behaviour) -> str:
    """Return what narrows a behaviour, each in brackets."""
    parts = [_(", ").join(values) for _name, values in node.narrowed]
    parts += [value for _name, value in node.properties]
    parts += [_where(condition) for condition in node.where]
    if node.nearest:
        text = (
            ngettext("of the first one", "of the first %(n)d", node.nearest)
            if node.nearest > 0
            else ngettext("of the last one", "of the last %(n)d", -node.nearest)
        )
        parts.append(text % {"n": abs(node.nearest)})
    return "".join(_(" (%(what)s)") % {"what": part} for part in parts)


def _where(condition: Where) -> str:
    template = _COMPARED.get(condition.op)
    if template is None:
        return f"{condition.name} {condition.op}"
    return _(template) % {"field": condition.name, **_values(condition.value, condition.op, None)}


def _during(window: Window) -> str:
    text = ""
    if window.span is not None:
        text += _span(window.span.unit, window.span.count)
    if window.since is not None:
        text += _(" from %(moment)s on") % {"moment": _moment(window.since)}
    if window.until is not None:
        text += _(" before %(moment)s") % {"moment": _moment(window.until)}
    return text


def _span(unit: str, count: int) -> str:
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


def _after(unit: str, count: int) -> str:
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


def _moment(when: When) -> str:
    if when.local is not None:
        return f"{when.local:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    anchor = _(_ANCHORS[when.unit])
    if when.shift == 0:
        return anchor
    return _("%(anchor)s (%(shift)+d)") % {"anchor": anchor, "shift": when.shift}


def _sequence(node: Sequence) -> str:
    template = (
        _("%(first)s, then not %(second)s within %(time)s")
        if node.absent
        else _("%(first)s, then %(second)s within %(time)s")
    )
    return template % {
        "first": _behaviour(node.first),
        "second": _behaviour(node.second),
        "time": _after(node.span.unit, node.span.count),
    }


def _message(node: Message) -> str:
    did = _(_MESSAGES[node.what])
    what = "".join(_(" (%(what)s)") % {"what": _(", ").join(v)} for v in (node.channels, node.campaigns) if v)
    if node.of_last and (node.op, node.value) == ("eq", 0):
        text = _("%(event)s%(what)s: none of the last %(n)d") % {
            "event": did,
            "what": what,
            "n": node.of_last,
        }
    elif (node.op, node.value) == ("eq", 0):
        text = _("never %(event)s%(what)s") % {"event": did, "what": what}
    else:
        amount = _(_AMOUNTS[node.op]) % _values(node.value, node.op, None)
        text = _("%(event)s%(what)s: %(amount)s") % {"event": did, "what": what, "amount": amount}
        if node.of_last:
            text += _(" of the last %(n)d") % {"n": node.of_last}
        elif (node.op, node.value) == ("gte", 1):
            text = f"{did}{what}"
    return text + _during(node.window)


def _top(node: Top) -> str:
    try:
        field, key = find(node.field)
        label = _label(field, key)
    except LookupError:
        label = node.field
    many = f"{node.percent:g} %" if node.percent else str(node.n)
    template = (
        _("is among the %(many)s with the highest %(field)s")
        if node.descending
        else _("is among the %(many)s with the lowest %(field)s")
    )
    text = template % {"many": many, "field": label}
    return text + (_(" of those: %(rule)s") % {"rule": words(node.of)} if node.of is not None else "")
