"""From what stands in a cell to a typed value. Every ValueError is a sentence for the one who imports."""

from integrations.imports.values.codes import country, currency, currency_of, email
from integrations.imports.values.moments import ambiguous_dates, day, moment
from integrations.imports.values.numbers import decimal_mark, number, whole
from integrations.imports.values.reading import DATE_ORDERS, Reading
from integrations.imports.values.texts import NO, YES, Nested, boolean, own, text

__all__ = [
    "DATE_ORDERS",
    "NO",
    "YES",
    "Nested",
    "Reading",
    "ambiguous_dates",
    "boolean",
    "country",
    "currency",
    "currency_of",
    "day",
    "decimal_mark",
    "email",
    "moment",
    "number",
    "own",
    "text",
    "whole",
]
