"""A rule in one sentence, in the reader's language."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from events.models import EventType
from segments.fields import find
from segments.models import Segment
from segments.operators import Kind
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
    parse,
)
from segments.selectors import display_name
from segments.wording import AMOUNTS, BIRTHDAY, COMPARED, after, during, label, values

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
    name = label(field, key) if field else node.field
    if node.op == "eq" and isinstance(node.value, bool):
        return (_("%(field)s: yes") if node.value else _("%(field)s: no")) % {"field": name}
    template = COMPARED.get(node.op)
    if field and field.kind == Kind.BIRTHDAY:
        template = BIRTHDAY.get(node.op, template)
    if template is None:
        return f"{name} {node.op} {node.value}"
    return _(template) % {"field": name, **values(node.value, node.op, field)}


def _behaviour(node: Behaviour) -> str:
    event, what = str(EventType(node.event).label), _what(node)
    if node.measure in _EDGES:
        subject = _(_EDGES[node.measure]) % {"event": event, "what": what}
        text = _(COMPARED[node.op]) % {"field": subject, **values(node.value, node.op, None)}
    elif node.measure == "count" and (node.op, node.value) == ("eq", 0):
        text = _("never %(event)s%(what)s") % {"event": event, "what": what}
    elif node.measure == "count" and (node.op, node.value) == ("gte", 1):
        text = f"{event}{what}"
    else:
        amount = _(AMOUNTS[node.op]) % values(node.value, node.op, None)
        of = _(_OF[node.of]) if node.of in _OF else node.of.removeprefix("properties.")
        text = _(_MEASURES[node.measure]) % {"event": event, "what": what, "amount": amount, "of": of}
    return text + during(node.window)


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
    template = COMPARED.get(condition.op)
    if template is None:
        return f"{condition.name} {condition.op}"
    return _(template) % {"field": condition.name, **values(condition.value, condition.op, None)}


def _sequence(node: Sequence) -> str:
    template = (
        _("%(first)s, then not %(second)s within %(time)s")
        if node.absent
        else _("%(first)s, then %(second)s within %(time)s")
    )
    return template % {
        "first": _behaviour(node.first),
        "second": _behaviour(node.second),
        "time": after(node.span.unit, node.span.count),
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
        amount = _(AMOUNTS[node.op]) % values(node.value, node.op, None)
        text = _("%(event)s%(what)s: %(amount)s") % {"event": did, "what": what, "amount": amount}
        if node.of_last:
            text += _(" of the last %(n)d") % {"n": node.of_last}
        elif (node.op, node.value) == ("gte", 1):
            text = f"{did}{what}"
    return text + during(node.window)


def _top(node: Top) -> str:
    try:
        field, key = find(node.field)
        name = label(field, key)
    except LookupError:
        name = node.field
    many = f"{node.percent:g} %" if node.percent else str(node.n)
    template = (
        _("is among the %(many)s with the highest %(field)s")
        if node.descending
        else _("is among the %(many)s with the lowest %(field)s")
    )
    text = template % {"many": many, "field": name}
    return text + (_(" of those: %(rule)s") % {"rule": words(node.of)} if node.of is not None else "")
