"""Checks of what strangers send, before it meets the database."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

MAX_DEPTH = 10
MAX_JSON_CHARS = 65_536
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Digits:
    """How a number from 0 on is sent: as a JSON number up to `limit`, or as plain digits in a text.

    Plain means ASCII digits with at most so many before and behind the point: no exponent, sign, blank or
    underscore, which Python would read.
    """

    whole: int
    decimals: int

    @property
    def limit(self) -> int:
        """Return the largest number."""
        return int(10**self.whole - 1)

    @cached_property
    def form(self) -> str:
        """Return the form of a text as a regular expression, as JSON Schema writes it."""
        return rf"^[0-9]{{1,{self.whole}}}(\.[0-9]{{1,{self.decimals}}})?$"

    @cached_property
    def schema(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "oneOf": [
                {"type": "string", "pattern": self.form},
                {"type": "number", "minimum": 0, "maximum": self.limit},
            ]
        }

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.form.removesuffix("$"))

    def read(self, value: Any) -> Decimal | None:
        """Return the number, or None for anything else; JSON numbers are rounded to the decimals. 1 µs."""
        if type(value) is str:
            return Decimal(value) if self._pattern.fullmatch(value) else None
        if type(value) not in (int, float) or not 0 <= value <= self.limit:
            return None
        return round(Decimal(str(value)), self.decimals)


#: Money keeps thousandths, for dinars; a quantity grams of a kilogram.
AMOUNT, QUANTITY = Digits(12, 3), Digits(9, 3)
AMOUNT_TOLD = (
    f"The amount must be a number from 0 to {AMOUNT.limit} with {AMOUNT.decimals} decimals at most and"
    " without an exponent, like “12.30”."
)


def text_error(value: str) -> str | None:
    """Return what is wrong with a text that PostgreSQL could not store, or None."""
    if "\0" in value:
        return "Contains the character NUL, which cannot be stored. Remove it."
    if _SURROGATE.search(value):
        return "Contains half of a surrogate pair, which is not valid Unicode. Send whole characters."
    return None


def printable(name: object) -> str:
    """Return a stranger's field name in a form that an answer can carry, cut to 100 characters."""
    text = str(name)[:100].replace("\0", "\\0")
    return text.encode("utf-8", "backslashreplace").decode()


def json_error(value: Any) -> str | None:
    """Return what is wrong with plain JSON that is to be stored, or None.

    Texts as in text_error; no NaN or infinite numbers; at most 10 levels deep and 65,536 characters.
    """
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, str) and (error := text_error(item)):
                return error
            if isinstance(item, float) and item - item != 0:  # NaN and the infinities
                return "Contains NaN or a number without end, which JSON does not know."
            if isinstance(item, dict):
                inner += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                inner += item
        if not inner:
            break
        level = inner
    else:
        return f"Is more than {MAX_DEPTH} levels deep. Send it flatter."
    if len(json.dumps(value, ensure_ascii=False)) > MAX_JSON_CHARS:
        return f"Is longer than {MAX_JSON_CHARS:,} characters. Send less."
    return None
