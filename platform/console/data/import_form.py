"""The form on which a person says what a file's columns mean."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import services
from integrations.imports.content import ENCODINGS
from integrations.imports.engine import table_of
from integrations.imports.errors import BadFile
from integrations.imports.fields import OWN
from integrations.imports.kinds import KINDS, ImportKind
from integrations.imports.shops import EXPORTS
from integrations.models import ImportRun, Kind

SHOWN_CELLS = 3
KEEP = "keep"
_DELIMITERS = {
    ",": gettext_lazy("comma"), ";": gettext_lazy("semicolon"), "\t": gettext_lazy("tab"),
    "|": gettext_lazy("vertical bar"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file on the mapping form."""

    place: int
    name: str
    target: str
    samples: list[str]


def mapping_form(run: ImportRun) -> dict[str, Any]:
    """Return the columns with samples of their cells, the fields they can mean, and the file's options."""
    try:
        table = table_of(run)
        sample = table.sample()
        guess = services.propose(run)
    except (BadFile, OSError) as bad:
        return {"unreadable": str(bad) if isinstance(bad, BadFile) else _("The file is gone.")}
    columns = [
        Column(place, name, run.mapping.get(name, ""), _samples(sample, place))
        for place, name in enumerate(run.columns)
    ]
    kind = KINDS[run.kind]
    ready = next((export.label for export in EXPORTS if export.shop == run.source), "")
    options = {**run.options}
    return {
        "columns": columns,
        "mapped": sum(bool(column.target) for column in columns),
        "targets": _targets(kind, columns),
        "own": kind.own,
        "own_prefix": OWN,
        "origin": guess.origin,
        "ready": ready,
        "ask_dates": guess.ask_dates,
        "options": options,
        "shape": run.shape,
        "encoding": options.get("encoding") or run.shape.get("encoding", ""),
        "encodings": ENCODINGS,
        "delimiter": options.get("delimiter") or run.shape.get("delimiter", ""),
        "delimiters": list(_DELIMITERS.items()),
        "kinds": Kind.choices,
        "shop_zone": settings.SHOP_TIME_ZONE,
        "shop_currency": settings.SHOP_CURRENCY,
        "shop_country": settings.SHOP_COUNTRY,
    }


def _targets(kind: ImportKind, columns: list[Column]) -> list[tuple[str, Any]]:
    """Return what columns can mean: the fields, and numbered ones that are mapped or could be."""
    named = {column.target or kind.target_of(column.name) for column in columns}
    numbered = [(name, field.label) for name in named - set(kind.by_name) if (field := kind.field_of(name))]
    return [*((field.name, field.label) for field in kind.fields), *sorted(numbered, key=_by_number)]


def _by_number(target: tuple[str, Any]) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in target[0].split(".")]


def _samples(sample: list[Any], place: int) -> list[str]:
    found: dict[str, None] = {}
    for row in sample:
        text = "" if row.cells[place] is None else str(row.cells[place]).strip()
        if text:
            found[text[:60]] = None
        if len(found) == SHOWN_CELLS:
            break
    return list(found)


def target_of(chosen: str, column: str) -> str:
    """Return what was chosen for a column; one that is kept gets a name made of the column's."""
    if chosen != KEEP:
        return chosen
    name = "".join(c if c.isalnum() else "_" for c in column.strip().lower()).strip("_")[:40]
    return f"{OWN}{name or 'column'}"
