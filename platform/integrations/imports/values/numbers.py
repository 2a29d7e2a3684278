"""Numbers as people and spreadsheets write them."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from integrations.imports.values.reading import Reading
from integrations.imports.values.texts import Nested, shown, text

_LARGEST = Decimal(10) ** 12 - 1
_SIGN = r"(?:[A-Za-z]{1,3}\.?|[A-Za-z]{0,3}[$€£¥￥₹₽元])"
_AMOUNT = re.compile(rf"(?:{_SIGN})?([-+(]?)(?:{_SIGN})?([-+]?[\d.,'’]*\d[.,]?)(\)?-?)(?:{_SIGN})?", re.ASCII)
_BLANKS = re.compile("[ \u00a0\u202f]")


def number(value: Any, reading: Reading) -> Decimal | None:
    """Return a finite number; signs of currencies and groups of thousands are read over.

    Where both marks stand, the last one is the decimal mark, whatever was chosen. Exponents are refused:
    a spreadsheet that wrote 1.23E+11 has lost the digits behind.
    """
    if value is None:
        return None
    if isinstance(value, bool | Nested):
        raise ValueError(_("“%(value)s” is not a number.") % {"value": shown(value)})
    if isinstance(value, int | Decimal | float):
        found: Any = str(value)
    else:
        found = text(value)
        if found is None:
            return None
        found = _plain(found, reading.decimal)
    try:
        result = Decimal(found)
    except InvalidOperation:
        result = Decimal("NaN")
    if not result.is_finite() or abs(result) > _LARGEST:
        raise ValueError(_("“%(value)s” is not a number.") % {"value": str(value)[:40]})
    return result


def _plain(found: str, decimal: str) -> str:
    """Return the digits of a number as Python reads them, “NaN” for what is none."""
    match = _AMOUNT.fullmatch(_BLANKS.sub("", found))
    if not match:
        return "NaN"
    before, digits, behind = match.groups()
    negative = (before == "(" and behind == ")") or behind == "-" or before == "-"
    if (before == "(") != behind.startswith(")"):
        return "NaN"
    digits = digits.replace("'", "").replace("’", "")
    point, comma = digits.rfind("."), digits.rfind(",")
    if point >= 0 and comma >= 0:
        decimal = "." if point > comma else ","
    thousands = "," if decimal == "." else "."
    if thousands in digits and not re.fullmatch(
        rf"[+-]?\d{{1,3}}((\{thousands}\d{{2,3}})*\{thousands}\d{{3}})?(\{decimal}\d*)?", digits
    ):
        return "NaN"  # 12,5 read with points must not become 125
    digits = digits.replace(thousands, "").replace(decimal, ".")
    return f"-{digits}" if negative else digits


def whole(value: Any, reading: Reading) -> int | None:
    """Return a whole number."""
    found = number(value, reading)
    if found is None:
        return None
    if found != found.to_integral_value():
        raise ValueError(_("“%(value)s” is not a whole number.") % {"value": str(value)[:40]})
    return int(found)


def decimal_mark(values: list[Any]) -> str:
    """Return the decimal mark that some values prove; a point when none does."""
    for value in values:
        if not isinstance(value, str):
            continue
        digits = re.sub(r"[^\d.,]", "", value)
        point, comma = digits.rfind("."), digits.rfind(",")
        if comma > point and (point >= 0 or re.search(r",\d{1,2}$", digits)):
            return ","
        if point > comma >= 0 or re.search(r"\.\d{1,2}$", digits):
            return "."
    return "."
