"""From a rule to one parameterised SQL statement.

Each behaviour becomes a common table expression that is computed once, each known thing a join, and
the tree itself an expression over them; so a rule of any shape is one pass over the customers. Every
leaf is true or false, never NULL: `not` means what it says.
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from segments import behaviours, operators
from segments.fields import fields, find, joins
from segments.models import Segment
from segments.query import Query, compose, join
from segments.rules import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    Behaviour,
    Comparison,
    Group,
    Member,
    Node,
    Not,
    RuleError,
    at,
    parse,
)

#: Who is in a segment at a moment, by the history of stays.
STAYS = "m.segment_id = {segment} AND m.entered_at <= {as_of} AND (m.left_at IS NULL OR m.left_at > {as_of})"


def compile_rule(rule: dict[str, Any], *, as_of: datetime, slug: str | None = None) -> Query:
    """Compile a rule into `SELECT customer_id`, as of a moment.

    Segments that the rule names are compiled into it, so that all of it speaks of the same moment;
    lists count as they were then. `slug` is the segment the rule is meant for, so that a rule that
    comes back to itself is found before it is saved. Raises RuleError.
    """
    return _Compiler(as_of, [slug] if slug else []).compile(parse(rule))


class SegmentCircleError(RuleError):
    """Segments that name each other."""


class _Compiler:
    def __init__(self, as_of: datetime, open_segments: list[str]) -> None:
        self.as_of = as_of
        self.open_segments = open_segments
        self.joins: dict[str, Query] = {}
        self.behaviours: list[Query] = []
        self.conditions = 0

    def compile(self, node: Node) -> Query:
        where = self.visit(node)
        tables = [
            compose(f"b{index} AS MATERIALIZED ({{query}})", query=query)
            for index, query in enumerate(self.behaviours)
        ]
        sides = list(self.joins.values()) + [
            Query(f"LEFT JOIN b{index} ON b{index}.customer_id = c.id", [])
            for index in range(len(self.behaviours))
        ]
        return compose(
            "{tables}SELECT c.id AS customer_id FROM customers_customer c {sides} WHERE {where}",
            tables=compose("WITH {tables} ", tables=join(", ", tables)) if tables else Query("", []),
            sides=join(" ", sides),
            where=where,
        )

    def visit(self, node: Node) -> Query:
        match node:
            case Group(nodes=()):
                return Query("TRUE", [])
            case Group():
                word = " AND " if node.every else " OR "
                return compose("({nodes})", nodes=join(word, [self.visit(n) for n in node.nodes]))
            case Not():
                return compose("(NOT {node})", node=self.visit(node.node))
            case Comparison():
                return self.comparison(node)
            case Behaviour():
                return self.behaviour(node)
            case Member():
                return self.member(node)

    def comparison(self, node: Comparison) -> Query:
        self.count(node)
        try:
            field, key = find(node.field)
        except LookupError:
            known = ", ".join(name for name, _field in fields)
            raise RuleError(
                at(node.path, "field"),
                _("There is no field “%(name)s”; known: %(known)s.")
                % {"name": node.field[:50], "known": known},
            ) from None
        for name in field.joins:
            self.add_join(name)
        x = compose(field.sql, key=key, as_of=self.as_of)
        return operators.compare(
            field.kind, x, node.op, node.value, as_of=self.as_of, path=node.path, choices=field.choices
        )

    def add_join(self, name: str) -> None:
        entry = joins.get(name)
        for need in entry.needs:
            self.add_join(need)
        self.joins.setdefault(name, compose(entry.sql, as_of=self.as_of))

    def behaviour(self, node: Behaviour) -> Query:
        """Test for the behaviour. Of those who object to profiling no behaviour is known."""
        self.count(node)
        query = behaviours.customers_query(node, as_of=self.as_of)
        if query not in self.behaviours:
            self.behaviours.append(query)
        name = f"b{self.behaviours.index(query)}"
        if behaviours.fits_nobody_active(node):
            return Query(f"({name}.customer_id IS NULL OR c.no_profiling)", [])
        return Query(f"({name}.customer_id IS NOT NULL AND NOT c.no_profiling)", [])

    def member(self, node: Member) -> Query:
        self.count(node)
        path = at(node.path, "segment")
        if node.slug in self.open_segments:
            circle = " → ".join([*self.open_segments, node.slug])
            raise SegmentCircleError(
                path, _("The segments go round in a circle: %(circle)s.") % {"circle": circle}
            )
        if len(self.open_segments) >= MAX_DEPTH:
            raise RuleError(path, _("The rule is nested deeper than %(n)d levels.") % {"n": MAX_DEPTH})
        segment = Segment.objects.filter(slug=node.slug).first()
        if segment is None:
            raise RuleError(path, _("There is no segment “%(name)s”.") % {"name": node.slug[:50]})
        if segment.kind == Segment.Kind.STATIC:
            return compose(
                "EXISTS (SELECT FROM segments_segmentmembership m WHERE m.customer_id = c.id AND {stays})",
                stays=compose(STAYS, segment=str(segment.pk), as_of=self.as_of),
            )
        self.open_segments.append(node.slug)
        try:
            return self.visit(parse(segment.rule))
        except SegmentCircleError:
            raise
        except RuleError as error:
            raise RuleError(path, f"{segment.slug}: {error.message}") from error
        finally:
            self.open_segments.pop()

    def count(self, node: Comparison | Behaviour | Member) -> None:
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise RuleError(node.path, _("The rule has more than %(n)d conditions.") % {"n": MAX_CONDITIONS})
