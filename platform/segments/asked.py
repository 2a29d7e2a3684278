"""Which fields a rule asks about, in segments that it names, too."""

from typing import Any

from segments.models import Segment
from segments.rules import Comparison, Group, Member, Node, Not, Top, parse


def fields_asked(rule: dict[str, Any]) -> frozenset[str]:
    """Return the names of the fields that a rule compares or ranks by. A query for each segment it names.

    Circles end where they come back to themselves; what is missing is asked for nothing. Raises RuleError.
    """
    found: set[str] = set()
    seen: set[str] = set()
    waiting: list[Node] = [parse(rule)]
    while waiting:
        node = waiting.pop()
        match node:
            case Group():
                waiting += node.nodes
            case Not():
                waiting.append(node.node)
            case Comparison():
                found.add(node.field)
            case Top():
                found.add(node.field)
                waiting += [node.of] if node.of is not None else []
            case Member() if node.slug not in seen:
                seen.add(node.slug)
                named = Segment.objects.filter(slug=node.slug, kind=Segment.Kind.DYNAMIC).first()
                waiting += [parse(named.rule)] if named is not None else []
    return frozenset(found)
