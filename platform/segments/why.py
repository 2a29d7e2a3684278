"""Why somebody is in a segment, or not: the rule's tree with what was found for each condition."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from segments.compiler import compile_parts
from segments.explain import words
from segments.population import some
from segments.preview import SECONDS
from segments.query import Query, compose, join
from segments.rules import (
    Behaviour,
    Comparison,
    Group,
    Member,
    Message,
    Node,
    Not,
    RuleError,
    Share,
    Top,
    parse,
)
from segments.timeouts import TookTooLongError, statement_timeout


def why(
    rule: dict[str, Any], customer_ids: Sequence[int], *, as_of: datetime, slug: str | None = None
) -> dict[int, dict[str, Any]]:
    """Return for each of a few people `{"member", "tree"}`; nodes are as below. One statement.

    A node says `path`, `kind`, `fits`, `words`, `parts` (of all, any, not) and `value`: the field's value
    or the measure, null where nothing is known. Raises RuleError.
    """
    tree = parse(rule)
    compiled = compile_parts(rule, as_of=as_of, slug=slug, population=some(customer_ids), values=True)
    paths, valued = sorted(compiled.nodes), sorted(compiled.values)
    query = compose(
        "SELECT c.id, ARRAY[{truths}], to_jsonb(ARRAY[{values}]::jsonb[]) FROM {tables}",
        truths=join(", ", [compose("{t} IS TRUE", t=compiled.nodes[path]) for path in paths]),
        values=join(", ", [compiled.values[path] for path in valued] or [Query("NULL", [])]),
        tables=compiled.tables,
    )
    try:
        with (
            statement_timeout(SECONDS, over_everybody=compiled.needs_everyone),
            connection.cursor() as cursor,
        ):
            cursor.execute(query.sql, query.params)
            rows = cursor.fetchall()
    except TookTooLongError as error:
        raise RuleError("", _("Finding out takes more than %(n)d s.") % {"n": SECONDS}) from error
    found = {}
    for customer_id, truths, values in rows:
        fits = dict(zip(paths, truths, strict=True))
        shown = dict(zip(valued, json.loads(values), strict=False))
        found[customer_id] = {"member": fits[""], "tree": _node(tree, fits, shown)}
    return found


def _node(node: Node, fits: Mapping[str, bool], shown: Mapping[str, Any]) -> dict[str, Any]:
    parts = node.nodes if isinstance(node, Group) else (node.node,) if isinstance(node, Not) else ()
    return {
        "path": node.path,
        "kind": kind_of(node),
        "fits": fits[node.path],
        "words": words(node),
        "value": shown.get(node.path),
        "parts": [_node(part, fits, shown) for part in parts],
    }


def kind_of(node: Node) -> str:
    """Return the word by which a rule's JSON names the kind of node."""
    match node:
        case Group():
            return "all" if node.every else "any"
        case Not():
            return "not"
        case Comparison():
            return "field"
        case Behaviour():
            return "event"
        case Message():
            return "message"
        case Member():
            return "segment"
        case Share():
            return "share"
        case Top():
            return "top"
        case _:
            return "sequence"
