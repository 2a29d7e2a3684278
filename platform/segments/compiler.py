"""From a rule to one parameterised SQL statement.

Each behaviour becomes a grouped subquery that is joined once, each known thing a join, and the tree
itself an expression over them; so a rule of any shape is one pass over the customers. A leaf about
something unknown is NULL, which counts as false; `not` makes it so before it turns it around. Comparisons
stay bare otherwise, since PostgreSQL guesses badly how many rows fit `(…) IS TRUE`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from segments import behaviours, operators, sequences
from segments.models import Segment
from segments.operators import Kind
from segments.population import EVERYONE, Population
from segments.query import Query, compose, join
from segments.rules import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    Behaviour,
    Comparison,
    Condition,
    Group,
    Member,
    Message,
    Node,
    Not,
    RuleError,
    Sequence,
    Share,
    Top,
    at,
    parse,
)
from segments.scope import Scope
from segments.zones import Clock

#: Who is in a segment at a moment, by the history of stays.
STAYS = "m.segment_id = {segment} AND m.entered_at <= {as_of} AND (m.left_at IS NULL OR m.left_at > {as_of})"
_SHARE = (
    "('x' || substr(md5({salt} || ':' || c.id::text), 1, 8))::bit(32)::bigint BETWEEN {low} AND {high} - 1"
)
_TOP = """
(SELECT t.customer_id FROM (
    SELECT c.id AS customer_id, row_number() OVER (ORDER BY {x} {direction}, c.id) AS nth,
           count(*) OVER () AS known
    FROM {tables} WHERE {x} IS NOT NULL AND {of}
) t WHERE t.nth <= {most})
"""


class SegmentCircleError(RuleError):
    """Segments that name each other."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule as parts of a statement."""

    #: What stands in FROM; `c` is the customer.
    tables: Query
    #: Whether a customer fits.
    where: Query
    #: Of each node of the tree, by path, whether a customer fits it.
    nodes: dict[str, Query]
    #: Of each condition, by path, what was found; only when it was asked for.
    values: dict[str, Query]
    #: Whether what becomes of one customer depends on others (“the top 100”).
    needs_everyone: bool

    @property
    def members(self) -> Query:
        """Return `SELECT customer_id` of those who fit."""
        return compose(
            "SELECT c.id AS customer_id FROM {tables} WHERE {where}", tables=self.tables, where=self.where
        )


def compile_rule(rule: dict[str, Any], *, as_of: datetime, slug: str | None = None) -> Query:
    """Compile a rule into `SELECT customer_id`, as of a moment.

    Segments that the rule names are compiled into it, so that all of it speaks of the same moment;
    lists count as they were then. `slug` is the segment the rule is meant for, so that a rule that
    comes back to itself is found before it is saved. Raises RuleError.
    """
    return compile_parts(rule, as_of=as_of, slug=slug, filters=True).members


def compile_parts(
    rule: dict[str, Any],
    *,
    as_of: datetime,
    slug: str | None = None,
    population: Population = EVERYONE,
    values: bool = False,
    filters: bool = False,
) -> Compiled:
    """Compile a rule about some people into its parts, on request with the values found. Raises RuleError.

    With `filters` only `members` is asked for, and no node by itself: then what everybody in it did, or
    never did, is a condition by which PostgreSQL may look at the few whom the others leave.
    """
    compiler = _Compiler(as_of, [slug] if slug else [], population, values=values, filters=filters)
    where = compiler.visit(parse(rule))
    return Compiled(
        compiler.scope.tables(population.customers),
        where,
        compiler.nodes,
        compiler.values,
        compiler.needs_everyone,
    )


class _Compiler:
    def __init__(
        self,
        as_of: datetime,
        open_segments: list[str],
        population: Population,
        *,
        values: bool,
        filters: bool,
    ) -> None:
        self.as_of = as_of
        self.open_segments = open_segments
        self.inside = 0
        self.population = population
        self.scope = Scope(Clock(as_of))
        self.nodes: dict[str, Query] = {}
        self.values: dict[str, Query] = {}
        self.with_values = values
        #: Whether whatever is visited must hold for everybody who is found.
        self.filters = filters
        self.conditions = 0
        self.needs_everyone = False

    def visit(self, node: Node) -> Query:
        match node:
            case Group(nodes=()):
                truth = Query("TRUE", [])
            case Group():
                word = " AND " if node.every else " OR "
                parts = [self.visit_in(n, filters=node.every) for n in node.nodes]
                truth = compose("({parts})", parts=join(word, parts))
            case Not():
                truth = compose("({node} IS NOT TRUE)", node=self.visit_in(node.node, filters=False))
            case _:
                self.count(node)
                truth = self.condition(node)
        if not self.inside:
            self.nodes[node.path] = truth
        return truth

    def visit_in(self, node: Node, *, filters: bool) -> Query:
        """Visit a part of a node; `filters` says whether who fits the node must fit the part."""
        before = self.filters
        self.filters = before and filters
        try:
            return self.visit(node)
        finally:
            self.filters = before

    def condition(self, node: Condition) -> Query:
        match node:
            case Comparison():
                return self.comparison(node)
            case Behaviour():
                return self.behaviour(node)
            case Message():
                return self.message(node)
            case Sequence():
                query = sequences.sequence_query(node, events=self.population.events, now=self.scope.now)
                return self.settled(query, nobody=False)
            case Member():
                return self.member(node)
            case Share():
                return compose(f"({_SHARE})", salt=node.salt, low=node.low, high=node.high)
            case Top():
                return self.top(node)

    def comparison(self, node: Comparison) -> Query:
        known, x = self.scope.known(node.field, at(node.path, "field"))
        if self.keeps_values:
            shown = operators.readable(known.kind, x, node.op, node.value)
            self.values[node.path] = compose("to_jsonb({shown})", shown=shown)
        return operators.compare(
            known.kind,
            x,
            node.op,
            node.value,
            now=self.scope.now,
            path=node.path,
            zone=node.zone,
            choices=known.choices,
        )

    def behaviour(self, node: Behaviour) -> Query:
        events, now = self.population.events, self.scope.now
        if self.keeps_values:
            alias = self.scope.subquery(behaviours.values_query(node, events=events, now=now), "v")
            self.values[node.path] = Query(f"to_jsonb({alias}.value)", [])
        if self.filters and behaviours.asks_whether(node):
            return behaviours.existence(node, events=events, now=now)
        return self.settled(
            behaviours.customers_query(node, events=events, now=now),
            nobody=behaviours.fits_nobody_active(node),
        )

    def message(self, node: Message) -> Query:
        events, now = self.population.events, self.scope.now
        if self.keeps_values:
            alias = self.scope.subquery(
                sequences.message_query(node, events=events, now=now, value=True), "v"
            )
            self.values[node.path] = Query(f"to_jsonb({alias}.value)", [])
        return self.settled(
            sequences.message_query(node, events=events, now=now), nobody=sequences.no_message_fits(node)
        )

    def settled(self, query: Query, *, nobody: bool) -> Query:
        """Test for a behaviour. Of those who object to profiling no behaviour is known."""
        name = self.scope.subquery(query)
        if nobody:
            # Not `IS NULL`, of which PostgreSQL believes that it is never so.
            return Query(f"(NOT coalesce({name}.customer_id > 0, false) OR c.no_profiling)", [])
        return Query(f"({name}.customer_id IS NOT NULL AND NOT c.no_profiling)", [])

    def top(self, node: Top) -> Query:
        """Rank in a FROM of its own, always among everyone; ties go by the customers' numbers."""
        self.needs_everyone = True
        scope, population, inside = self.scope, self.population, self.inside
        self.scope, self.population, self.inside = Scope(Clock(self.as_of)), EVERYONE, inside + 1
        try:
            known, x = self.scope.known(node.field, at(node.path, "top.field"))
            if known.kind not in (Kind.NUMBER, Kind.MOMENT):
                raise RuleError(
                    at(node.path, "top.field"), _("Choose a field that holds a number or a date.")
                )
            of = self.visit_in(node.of, filters=True) if node.of is not None else Query("TRUE", [])
            tables = self.scope.tables(EVERYONE.customers)
        finally:
            self.scope, self.population, self.inside = scope, population, inside
        most = compose("{n}", n=node.n)
        if node.percent:
            most = compose("ceil(t.known * {percent} / 100.0)", percent=node.percent)
        direction = Query("DESC" if node.descending else "ASC", [])
        query = compose(_TOP, x=x, direction=direction, tables=tables, of=of, most=most)
        alias = self.scope.subquery(query, "t")
        return Query(f"({alias}.customer_id IS NOT NULL)", [])

    def member(self, node: Member) -> Query:
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
        self.inside += 1
        try:
            return self.visit(parse(segment.rule))
        except SegmentCircleError:
            raise
        except RuleError as error:
            raise RuleError(path, f"{segment.slug}: {error.message}") from error
        finally:
            self.inside -= 1
            self.open_segments.pop()

    @property
    def keeps_values(self) -> bool:
        """Say whether what is found is to be shown: of the rule itself, not of segments that it names."""
        return self.with_values and not self.inside

    def count(self, node: Condition) -> None:
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise RuleError(node.path, _("The rule has more than %(n)d conditions.") % {"n": MAX_CONDITIONS})
