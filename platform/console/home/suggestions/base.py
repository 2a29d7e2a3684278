"""What a rule finds and says, and how people who fit are counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from django.db import connection
from django.utils.translation import ngettext

from console.home.models import Suggestion
from core import figures
from core.figures import money_text
from segments.compiler import compile_rule
from segments.models import Segment
from segments.rules import RuleError
from segments.selectors import members_query

#: Fewer people are no audience.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: about what (`about` keeps two of a rule apart), how many, and the figures.

    `segment` is the short name of a segment that is there already; otherwise `audience` is the rule to make
    one from. `begin` is what the draft gets: goal, ready, pool, product.
    """

    people: int
    facts: dict[str, Any]
    about: str = ""
    worth: Decimal = Decimal(0)
    segment: str = ""
    audience: dict[str, Any] | None = None
    begin: dict[str, str] = field(default_factory=dict)


class Rule(Protocol):
    """Something worth doing: how it is found, and how it is said."""

    key: str
    icon: str

    def find(self, shop: "Shop") -> Iterable[Found]:
        """Find it; nothing where there is nothing to do. A few set-based queries."""

    def title(self, one: Suggestion) -> str:
        """Say what it is, with the number."""

    def why(self, one: Suggestion) -> str:
        """Say why now."""

    def button(self, one: Suggestion) -> str:
        """Say what the click does."""


@dataclass(frozen=True, slots=True)
class People:
    """How many fit, what they spend per order and how long they have been away on average."""

    number: int
    basket: Decimal | None
    away: float | None

    @property
    def worth(self) -> Decimal:
        """Return what an order of each would bring; by this suggestions are ranked."""
        return self.number * (self.basket or Decimal(0))

    @property
    def facts(self) -> dict[str, Any]:
        """Return the averages as JSON."""
        return {
            "basket": None if self.basket is None else str(self.basket),
            "away": None if self.away is None else round(self.away),
        }


_PEOPLE = """
SELECT count(*), round(avg(p.basket_value), 2), avg(p.recency_days)
  FROM ({people}) m LEFT JOIN profiles_customerprofile p ON p.customer_id = m.customer_id
"""


@dataclass
class Shop:
    """The shop as of a moment, for rules to ask."""

    as_of: datetime
    now: datetime

    def of_segment(self, slug: str) -> People | None:
        """Count a segment's members as it was refreshed last; None where the shop has no such segment."""
        segment = Segment.objects.filter(slug=slug).first()
        return None if segment is None else self._count(*members_query(segment, as_of=self.as_of))

    def of_rule(self, rule: dict[str, Any]) -> People | None:
        """Count who fits a rule; None where it cannot be used, as after a persona is gone."""
        try:
            return self._count(*compile_rule(rule, as_of=self.as_of))
        except RuleError:
            return None

    def rows(self, sql: str, **values: Any) -> Iterator[tuple[Any, ...]]:
        """Yield a query's rows; `as_of` and `now` are among its values."""
        with connection.cursor() as cursor:
            cursor.execute(sql, {"as_of": self.as_of, "now": self.now, **values})
            yield from cursor.fetchall()

    def _count(self, sql: str, params: list[Any]) -> People:
        with connection.cursor() as cursor:
            cursor.execute(_PEOPLE.replace("{people}", sql), params)
            number, basket, away = cursor.fetchone()
        return People(number, basket, None if away is None else float(away))


def money(text: str | None, *, whole: bool = False) -> str:
    """Write an amount that a suggestion holds as text; a dash for what is not known."""
    return money_text(None if text is None else Decimal(text), whole=whole)


def count(value: float) -> str:
    """Write a number with grouping."""
    return figures.number(value)


def days(value: int) -> str:
    """Write a number of days."""
    return ngettext("%(days)s day", "%(days)s days", value) % {"days": count(value)}
