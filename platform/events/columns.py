"""Checks of events column by column.

A column is looked at as a whole: a look at a thousand texts joined together costs less than a thousand
looks. The looks may doubt what is right, never take what is wrong: `events.parsing` owns the rules.
"""

import json
import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from operator import methodcaller
from types import NoneType
from typing import Any

import orjson
from django.conf import settings

from core.money import minor_unit, to_base
from core.validation import MAX_DEPTH, MAX_JSON_CHARS, QUANTITY, json_error
from customers.identity.kinds import REFERENCES, normalise
from customers.identity.resolve import Reference
from events.models import Quality
from events.parsing import (
    DETAILS,
    FIELDS,
    MAX_ADDRESS,
    NEEDS,
    TEXTS,
    TYPES,
    detail_fault,
    parse_money,
    parse_quantity,
)

_FIELDS = frozenset(FIELDS)
_REFERENCES = frozenset(kind.value for kind in REFERENCES)
_USUAL = re.compile(r"(?:[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z(?:\0|$))*")
_PLAIN = re.compile(r"[!-~\0]*")
_CENT = Decimal("0.01")
_CENTS = re.compile(r"[0-9]{1,12}\.[0-9]{2}")


class Doubt(Exception):
    """Something in a batch needs a closer look."""


def columns_of(
    rows: Sequence[dict[str, Any]], start: int, now: datetime, source: str
) -> tuple[list[Any], ...]:
    """Return the columns of events that are all right, in the order of `Batch`, or raise Doubt."""
    if set(map(type, rows)) != {dict} or not _FIELDS.issuperset(chain.from_iterable(rows)):
        raise Doubt
    types = _types(rows)
    message_ids = _texts(rows, "message_id")
    customers, visitors = _people(rows)
    skus, searches = _texts(rows, "sku"), _texts(rows, "search")
    order_ids, sources = _texts(rows, "order_id"), _sources(rows)
    if None in message_ids:
        raise Doubt
    moments, texts = _moments(rows, now)
    named = {"sku": skus, "order_id": order_ids, "search": searches}
    for kind in NEEDS.keys() & set(types):
        values = named[NEEDS[kind][0]]
        if None in values and any(v is None and t == kind for v, t in zip(values, types, strict=True)):
            raise Doubt
    quantities = [None if r.get("quantity") is None else _quantity(r["quantity"]) for r in rows]
    amounts, currencies, originals, quality = _money(rows, "amount")
    discounts, _currencies, _originals, lacking = _money(rows, "discount")
    for place, (kind, quantity) in enumerate(zip(types, quantities, strict=True)):
        if kind == "purchase" and (quantity is None or not float(quantity)) and skus[place]:
            quality[place] = Quality.NO_QUANTITY.value
    if any(lacking):
        quality = [noticed or lacks for noticed, lacks in zip(quality, lacking, strict=True)]
    return (
        list(range(start, start + len(rows))),
        message_ids,
        types,
        [s or source for s in sources] if None in sources else sources,
        moments,
        texts,
        customers,
        visitors,
        skus,
        order_ids,
        quantities,
        amounts,
        currencies,
        originals,
        discounts,
        quality,
        _properties([row.get("properties") for row in rows], searches, types),
    )


def _types(rows: Sequence[dict[str, Any]]) -> list[str]:
    types = [row.get("type") for row in rows]
    try:
        known = TYPES.issuperset(types)
    except TypeError:  # a list, say
        raise Doubt from None
    if not known:
        raise Doubt
    return types  # type: ignore[return-value]


def _texts(rows: Sequence[dict[str, Any]], name: str) -> list[str | None]:
    values = [row.get(name) for row in rows]
    _check(_given(values), TEXTS[name])
    return values


def _sources(rows: Sequence[dict[str, Any]]) -> list[str | None]:
    values = [row.get("source") for row in rows]
    try:
        names = set(values)  # few, mostly one
    except TypeError:
        raise Doubt from None
    _check(names - {None}, TEXTS["source"])
    return values


def _given(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None] if None in values else values


def _check(values: Collection[Any], limit: int) -> str:
    """Return texts joined by NUL, or raise Doubt when one is too long, empty or cannot be stored."""
    if not values:
        return ""
    try:
        joined = "\0".join(values)
        lengths = set(map(len, values))
        if not joined.isascii():
            joined.encode()  # refuses half a surrogate pair
    except (TypeError, UnicodeEncodeError):
        raise Doubt from None
    if joined.count("\0") != len(values) - 1 or max(lengths) > limit or 0 in lengths:
        raise Doubt
    # None is blank where there are no blanks.
    if joined.split(maxsplit=1) != [joined] and not all(map(_STRIP, values)):
        raise Doubt
    return joined


_STRIP = methodcaller("strip")


def _people(
    rows: Sequence[dict[str, Any]],
) -> tuple[list[str | tuple[Reference, ...] | None], list[str | None]]:
    """Return customers and visitors, normalised as customers.identity says."""
    customers: list[Any] = [row.get("customer") for row in rows]
    objects = [place for place, value in enumerate(customers) if type(value) is dict]
    if objects:
        for place in objects:
            customers[place] = _references(customers[place])
    names = _names("external_id", [c for c in customers if type(c) is not tuple])
    customers = [names.get(c, c) for c in customers] if names else customers
    visitors: list[Any] = [row.get("anonymous_id") for row in rows]
    names = _names("anonymous", visitors)
    visitors = [names.get(v, v) for v in visitors] if names else visitors
    if None in customers and any(not (c or v) for c, v in zip(customers, visitors, strict=True)):
        raise Doubt
    return customers, visitors


def _references(identifiers: dict[str, Any]) -> tuple[Reference, ...]:
    if not _REFERENCES.issuperset(identifiers) or identifiers.keys() <= {"household"}:
        raise Doubt
    _check(list(identifiers.values()), MAX_ADDRESS)
    try:
        return tuple(sorted(Reference(kind, normalise(kind, value)) for kind, value in identifiers.items()))
    except ValueError:
        raise Doubt from None


def _names(kind: str, values: list[Any]) -> dict[str, str]:
    """Return how those values are written in normal form that are not plain ASCII without blanks."""
    given = _given(values)
    joined = _check(given, TEXTS["anonymous_id"])
    if _PLAIN.fullmatch(joined):
        return {}
    try:
        return {v: normalise(kind, v) for v in set(given)}
    except ValueError:
        raise Doubt from None


def _moments(rows: Sequence[dict[str, Any]], now: datetime) -> tuple[list[datetime], list[str]]:
    """Return the moments, and as texts: as they came where PostgreSQL certainly reads them alike."""
    values: list[Any] = [row.get("occurred_at") for row in rows]
    try:
        moments = [now if v is None else datetime.fromisoformat(v) for v in values]
        zones = {moment.tzinfo for moment in moments}
        if None in zones:
            raise Doubt
        if zones != {UTC}:
            moments = [moment.astimezone(UTC) for moment in moments]
    except (TypeError, ValueError, OverflowError):
        raise Doubt from None
    if None not in values and _USUAL.fullmatch("\0".join(values)):
        return moments, values
    return moments, [moment.isoformat() for moment in moments]


def _quantity(value: Any) -> str | None:
    if type(value) is int and 0 <= value <= QUANTITY.limit:
        return str(value)
    errors: dict[str, list[str]] = {}
    number = parse_quantity(value, errors)
    if errors:
        raise Doubt
    return None if number is None else f"{number:f}"


def _money(
    rows: Sequence[dict[str, Any]], name: str
) -> tuple[list[str | None], list[str | None], list[str | None], list[str]]:
    """Return a member's amounts in the shop's currency, currencies, amounts as sent, what was noticed."""
    size = len(rows)
    values = [row.get(name) for row in rows]
    amounts: list[str | None] = [None] * size
    currencies: list[str | None] = [None] * size
    quality = [Quality.GOOD.value] * size
    if _all_in_cents(_given(values)):
        for place, value in enumerate(values):
            if value is not None:
                amounts[place], currencies[place] = value["amount"], value["currency"]
        return amounts, currencies, amounts, quality
    originals: list[str | None] = [None] * size
    errors: dict[str, list[str]] = {}
    for place, value in enumerate(values):
        if value is not None:
            number, currency = parse_money(value, errors)
            if errors:
                raise Doubt
            currencies[place] = currency
            amounts[place], originals[place], quality[place] = priced(number, currency)
    return amounts, currencies, originals, quality


def _all_in_cents(values: list[Any]) -> bool:
    """Say whether amounts are texts in the shop's currency that need neither rounding nor conversion."""
    currency = settings.SHOP_CURRENCY
    if minor_unit(currency) > _CENT:
        return False
    try:
        return all(
            v["currency"] == currency and len(v) == 2 and _CENTS.fullmatch(v["amount"]) for v in values
        )
    except (TypeError, KeyError, IndexError):
        return False


def priced(amount: Decimal | None, currency: str | None) -> tuple[str | None, str | None, str]:
    """Return an amount in the shop's currency and in its own, as texts, and what was noticed about it."""
    if amount is None or not currency:
        return None, None, Quality.GOOD.value
    base = to_base(amount, currency)
    if base is None:
        return None, f"{round(amount, 3):f}", Quality.NO_RATE.value
    return f"{base:f}", f"{round(amount, 3):f}", Quality.GOOD.value


def _properties(values: list[Any], searches: Sequence[str | None], types: Sequence[str]) -> list[str | None]:
    """Return properties as JSON, or raise Doubt."""
    if not {dict, NoneType}.issuperset(map(type, values)):
        raise Doubt
    for value, kind in zip(values, types, strict=True):
        if kind in DETAILS and detail_fault(kind, value):
            raise Doubt
    if any(searches):
        pairs = zip(values, searches, strict=True)
        values = [{**(value or {}), "search": search} if search else value for value, search in pairs]
    filled = list(filter(None, values))
    texts = iter(_jsons(filled))
    return [next(texts) if value else None for value in values]


def _jsons(values: Sequence[dict[str, Any]]) -> list[str]:
    """Return objects as JSON, or raise Doubt for one that cannot be stored."""
    try:
        joined = b"\n".join(map(orjson.dumps, values)).decode()  # within JSON a line's end is written \\n
    except TypeError:
        texts = list(map(as_json, values))
        joined = "\n".join(texts)
    else:
        texts = joined.split("\n") if values else []
    # Brackets and NUL may stand in texts, and NaN was written as null: rare enough for a closer look.
    strange = (
        max(map(len, texts), default=0) > MAX_JSON_CHARS
        or joined.count("{") + joined.count("[") - len(texts) >= MAX_DEPTH
        or "null" in joined
        or "\\u0000" in joined
    )
    if strange and any(map(json_error, values)):
        raise Doubt
    return texts


def as_json(value: dict[str, Any]) -> str:
    """Return an object as JSON, or raise Doubt for one that cannot be stored."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half a surrogate pair, a number beyond 64 bits, or too deep
        if json_error(value):
            raise Doubt from None
        return json.dumps(value, ensure_ascii=False)
