"""What a kind of import has to know and do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from customers.loading import Change
from integrations.imports.errors import BadRow
from integrations.imports.fields import Field, Plan
from integrations.imports.reading import Row
from integrations.imports.values import Reading

#: A record of the file: its line, and what the row says by field.
Record = tuple[int, dict[str, Any]]
CUSTOMER, PRODUCT, EVENT, HELD, CONSENT, SUPPRESSION = (
    "customer", "product", "event", "quarantine", "consent", "suppression",
)  # fmt: skip


@dataclass(slots=True)
class Context:
    """For which import, and when, a block is read. `seen` carries over the blocks of a dry run."""

    reference: str
    source: str
    now: datetime
    reading: Reading
    seen: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """Return the currency of amounts that name none."""
        return self.reading.currency or settings.SHOP_CURRENCY


@dataclass(slots=True)
class Outcome:
    """What became of a block: counts of rows, refusals by line, changes by thing, what was cleaned."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)
    changes: list[tuple[str, Change]] = field(default_factory=list)
    cleaned: Counter[str] = field(default_factory=Counter)

    def note(self, thing: str, changes: Sequence[Change]) -> None:
        """Keep changes for an undo."""
        self.changes += [(thing, change) for change in changes]


class ImportKind:
    """One kind of row. `needs` lists groups of fields of which one must be mapped."""

    name = ""
    fields: tuple[Field, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    #: Rows that follow each other with the same value here belong together and are read together.
    group = ""
    #: Whether columns may be kept as own attributes.
    own = False
    block_rows = 5000

    @property
    def by_name(self) -> dict[str, Field]:
        """Return the fields by name."""
        return {field.name: field for field in self.fields}

    def field_of(self, target: str) -> Field | None:
        """Return the field that a column can be mapped to under a name, or None."""
        return self.by_name.get(target)

    def target_of(self, column: str) -> str:
        """Return what a column means whose name follows a rule rather than a list, else “”."""
        return ""

    def missing(self, targets: Sequence[str]) -> list[str]:
        """Return a sentence for each need that no mapped column meets."""
        fields, found = self.by_name, []
        for group in self.needs:
            if not any(name in targets for name in group):
                names = _(" or ").join(f"“{fields[name].label}”" for name in group)
                found.append(_("Say which column holds %(names)s.") % {"names": names})
        return found

    def read(self, rows: Sequence[Row], plan: Plan, outcome: Outcome) -> list[Record]:
        """Return the records of a block; what is wrong with single rows goes to the outcome."""
        records = []
        for row in rows:
            try:
                records.append((row.line, self.tidy(plan.read(row))))
            except BadRow as error:
                outcome.rejected.append((row.line, str(error)))
        return records

    def tidy(self, found: dict[str, Any]) -> dict[str, Any]:
        """Return a row's values in the form that `store` takes. Raises BadRow."""
        return found

    def check(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Say what would become of records, without writing."""
        raise NotImplementedError

    def store(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Store records in the caller's transaction."""
        raise NotImplementedError


def require(found: dict[str, Any], name: str, label: Any) -> None:
    """Raise BadRow when a row leaves out what it needs."""
    if found.get(name) in (None, ""):
        raise BadRow(_("%(field)s: is missing.") % {"field": label})
