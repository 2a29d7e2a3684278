"""The tables of one FROM: each is joined once, whatever asks for it."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from segments.fields import Field, fields, find, joins
from segments.query import Query, compose, join
from segments.rules import RuleError
from segments.zones import Clock


@dataclass(slots=True)
class Scope:
    """The joins that belong to one FROM; the zones' among them."""

    now: Clock
    joins: dict[str, Query] = field(default_factory=dict)

    def tables(self, customers: Query) -> Query:
        """Return what stands in FROM, beginning with the customers `c`."""
        zones = {f"zone {index}": query for index, query in enumerate(self.now.joins)}
        return join(" ", [customers, *self.joins.values(), *zones.values()])

    def subquery(self, query: Query, prefix: str = "b") -> str:
        """Join a subquery with a customer_id once, and return its alias."""
        key = f"{prefix} {query.sql} {query.params!r}"
        if key not in self.joins:
            alias = f"{prefix}{len(self.joins)}"
            self.joins[key] = compose(
                f"LEFT JOIN ({{query}}) {alias} ON {alias}.customer_id = c.id", query=query
            )
            return alias
        return f"{prefix}{list(self.joins).index(key)}"

    def known(self, name: str, path: str) -> tuple[Field, Query]:
        """Join a field's tables and return it with its expression. Raises RuleError."""
        try:
            found, key = find(name)
        except LookupError:
            names = ", ".join(name for name, _field in fields)
            raise RuleError(
                path,
                _("There is no field “%(name)s”; known: %(known)s.") % {"name": name[:50], "known": names},
            ) from None
        for needed in found.joins:
            self._join(needed.replace("*", key or ""))
        return found, found.expression(key, as_of=self.now.as_of)

    def _join(self, name: str) -> None:
        entry = joins.get(name)
        for need in entry.needs:
            self._join(need)
        self.joins.setdefault(name, compose(entry.sql, as_of=self.now.as_of))
