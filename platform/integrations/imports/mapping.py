"""Which column means what: guessed from names, taken from ready mappings, remembered by source."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.imports import values
from integrations.imports.content import ENCODINGS
from integrations.imports.errors import BadMapping
from integrations.imports.fields import OWN
from integrations.imports.kinds import KINDS
from integrations.imports.kinds.customers import available_zones
from integrations.imports.reading import Table
from integrations.imports.shops import export_of
from integrations.imports.values import DATE_ORDERS, Reading
from integrations.models import SavedMapping

_SIGNS = re.compile(r"[\W_]+")
_MAX_OWN = 60
#: What a person may say about how a file is read.
OPTIONS = ("encoding", "delimiter", "date_order", "decimal", "time_zone", "country", "currency")


@dataclass(frozen=True, slots=True)
class Guess:
    """What is proposed for a file, from where, and what a person has to be asked."""

    mapping: dict[str, str]
    options: dict[str, str]
    origin: str = ""
    ask_dates: bool = False


def plain(name: str) -> str:
    """Return a column's name without signs, spaces and case."""
    return _SIGNS.sub("", name.casefold())


def guess(table: Table, kind: str, source: str) -> Guess:
    """Propose a mapping: the one remembered for the source, a ready one, else by the columns' names."""
    saved = SavedMapping.objects.filter(source=source, kind=kind).first()
    export = export_of(table.columns, kind)
    named = by_name(table.columns, kind)
    origin = ""
    if saved and any(saved.mapping.get(column) for column in table.columns):
        mapping = {
            c: saved.mapping.get(c, "") if c in saved.mapping else named.get(c, "") for c in table.columns
        }
        options, origin = dict(saved.options), source
    elif export:
        mapping = _ready(table.columns, export.columns, kind)
        options, origin = {str(k): str(v) for k, v in export.options.items()}, export.label
    else:
        mapping, options = named, {}
    sample = table.sample()
    dates = values.ambiguous_dates(_cells(table, mapping, sample, kind, "moment"))
    if dates in DATE_ORDERS:
        options["date_order"] = dates
    options.setdefault("decimal", values.decimal_mark(_cells(table, mapping, sample, kind, "number")))
    if saved is None and export is None:
        options.setdefault("time_zone", settings.SHOP_TIME_ZONE)
    ask = dates == "?" and "date_order" not in options
    return Guess(_once(mapping), options, origin, ask)


def kind_of(columns: Sequence[str]) -> str:
    """Return what the rows seem to be: the kind that knows most columns, less one for each that it lacks.

    The first of KINDS, customers, where several know as many.
    """

    def fits(kind: str) -> int:
        known = [target for target in by_name(columns, kind).values() if target]
        return len(known) - len(KINDS[kind].missing(known))

    return max(KINDS, key=fits)


def by_name(columns: Sequence[str], kind: str) -> dict[str, str]:
    """Return the fields that columns are called after; each field once, the first column wins."""
    aliases = {
        alias: field.name for field in KINDS[kind].fields for alias in (plain(field.name), *field.aliases)
    }
    own = {c: f"{OWN}{c.partition('.')[2]}" for c in columns if KINDS[kind].own and _is_own(c)}
    found = {c: own.get(c) or aliases.get(plain(c)) or KINDS[kind].target_of(c) for c in columns}
    return _once(found)


def _is_own(column: str) -> bool:
    head, _dot, tail = column.partition(".")
    return head in ("attributes", "properties") and 0 < len(tail) <= _MAX_OWN


def _ready(columns: Sequence[str], ready: Mapping[str, str], kind: str) -> dict[str, str]:
    places = {name: place for place, name in enumerate(ready)}
    chosen = _once({c: ready[c] for c in sorted((c for c in columns if c in ready), key=places.__getitem__)})
    return {c: chosen.get(c, "") if c in ready else KINDS[kind].target_of(c) for c in columns}


def _once(mapping: Mapping[str, str]) -> dict[str, str]:
    taken: set[str] = set()
    result = {}
    for column, target in mapping.items():
        result[column] = target if target and target not in taken else ""
        taken.add(target)
    return result


def _cells(table: Table, mapping: Mapping[str, str], sample: list[Any], kind: str, read: str) -> list[Any]:
    readers = {"moment": ("moment", "iso_day"), "number": ("number", "whole")}[read]
    fields = [KINDS[kind].field_of(mapping.get(column, "")) for column in table.columns]
    places = [i for i, field in enumerate(fields) if field and getattr(field.read, "__name__", "") in readers]
    return [row.cells[place] for place in places for row in sample]


def checked(
    columns: Sequence[str], kind: str, mapping: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return a mapping and options that fit the file. Raises BadMapping with every problem."""
    problems: list[str] = []
    fields = KINDS[kind].by_name
    tidy: dict[str, str] = {}
    for column, target in mapping.items():
        if column not in columns:
            problems.append(_("The file has no column “%(name)s”.") % {"name": str(column)[:80]})
        elif target in (None, ""):
            tidy[column] = ""
        elif not isinstance(target, str) or not _known(target, kind):
            known = ", ".join([*fields, *([f"{OWN}…"] if KINDS[kind].own else [])])
            problems.append(
                _("“%(name)s” is no field of %(kind)s. Known are: %(known)s.")
                % {"name": str(target)[:80], "kind": kind, "known": known}
            )
        elif target in tidy.values():
            problems.append(_("Two columns are mapped to “%(name)s”.") % {"name": target})
        else:
            tidy[column] = target
    problems += KINDS[kind].missing([t for t in tidy.values() if t])
    said = _options(options, problems)
    if problems:
        raise BadMapping(problems)
    return tidy, said


def checked_options(options: Mapping[str, Any]) -> dict[str, str]:
    """Return options that can be followed. Raises BadMapping."""
    problems: list[str] = []
    said = _options(options, problems)
    if problems:
        raise BadMapping(problems)
    return said


def _known(target: str, kind: str) -> bool:
    if target.startswith(OWN):
        return KINDS[kind].own and 0 < len(target) - len(OWN) <= _MAX_OWN and target.isprintable()
    return KINDS[kind].field_of(target) is not None


def _options(options: Mapping[str, Any], problems: list[str]) -> dict[str, str]:
    allowed: dict[str, Any] = {
        "date_order": DATE_ORDERS,
        "decimal": (".", ","),
        "encoding": (*ENCODINGS, "utf-8-sig", "utf-32"),
        "time_zone": available_zones(),
    }
    said: dict[str, str] = {}
    for name, value in options.items():
        if value in (None, ""):
            continue
        good = isinstance(value, str) and name in OPTIONS
        if good and name in allowed:
            good = value in allowed[name]
        elif good and name == "delimiter":
            good = len(value) == 1 and value not in '"\r\n\0'
        elif good:
            length = 2 if name == "country" else 3
            good = len(value) == length and value.isascii() and value.isalpha()
            value = value.upper()
        if good:
            said[name] = value
        else:
            problems.append(_("The option “%(name)s” is not right.") % {"name": str(name)[:40]})
    return said


def reading_of(options: Mapping[str, str]) -> Reading:
    """Return how cells are read with these options."""
    return Reading(
        date_order=options.get("date_order", "dmy"),
        decimal=options.get("decimal", "."),
        zone=ZoneInfo(options.get("time_zone") or settings.SHOP_TIME_ZONE),
        country=options.get("country", ""),
        currency=options.get("currency", ""),
    )
