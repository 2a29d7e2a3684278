"""What a column can mean, and how its cells are read for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from integrations.imports import values
from integrations.imports.errors import BadRow
from integrations.imports.reading import Row
from integrations.imports.values import Reading

Read = Callable[[Any, Reading], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A meaning that a column can have: its name, what people call it, and how a cell is read."""

    name: str
    label: Any
    read: Read
    aliases: tuple[str, ...] = ()


def text(limit: int = 300) -> Read:
    """Read text of some length."""
    return lambda value, reading: values.text(value, limit)


def plain(function: Callable[[Any], Any]) -> Read:
    """Read what does not depend on the file's ways."""
    return lambda value, reading: function(value)


def iso_day(value: Any, reading: Reading) -> str | None:
    """Read a day as 1990-12-31."""
    found: date | None = values.day(value, reading)
    return found.isoformat() if found else None


#: A column kept among the own attributes of a customer or product, or the properties of an event.
OWN = "attributes."


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cell is read for which field, worked out once for a file."""

    steps: tuple[tuple[int, str, Any, Read], ...]
    own: tuple[tuple[int, str], ...]
    reading: Reading

    @classmethod
    def make(
        cls,
        field_of: Callable[[str], Field | None],
        columns: Sequence[str],
        mapping: Mapping[str, str],
        reading: Reading,
    ) -> "Plan":
        """Return the plan for a mapping of columns to the names of fields."""
        places = {name: place for place, name in enumerate(columns)}
        chosen = [(places[c], target) for c, target in mapping.items() if target and c in places]
        steps = tuple(
            (place, field.name, field.label, field.read)
            for place, target in chosen
            if (field := field_of(target)) is not None
        )
        own = tuple((place, target.removeprefix(OWN)) for place, target in chosen if target.startswith(OWN))
        return cls(steps, own, reading)

    def read(self, row: Row) -> dict[str, Any]:
        """Return what a row says, without what is empty. Raises BadRow with everything that is wrong."""
        if row.wrong:
            raise BadRow(row.wrong)
        found: dict[str, Any] = {}
        wrong = []
        cells, reading = row.cells, self.reading
        for place, name, label, read in self.steps:
            try:
                value = read(cells[place], reading)
            except ValueError as error:
                wrong.append(f"{label}: {error}")
                continue
            if value is not None and name not in found:
                found[name] = value
        own = {}
        for place, name in self.own:
            try:
                value = values.own(cells[place])
            except ValueError as error:
                wrong.append(f"{name}: {error}")
                continue
            if value is not None:
                own[name] = value
        if own:
            found["attributes"] = own
        if wrong:
            raise BadRow(" ".join(wrong))
        return found
