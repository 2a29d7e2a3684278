"""Figures as pages write them: grouped, rounded, and with the minus of print (U+2212), not a hyphen.

Only for what people read on a page or in a picture. Files, REST and logs write figures for machines.
"""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.formats import number_format

from core.money import minor_unit

MINUS = "\u2212"
#: What stands where a figure is not known.
UNKNOWN = "–"
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥"}


def printed(text: str) -> str:
    """Set the minus of print before a written figure, and no sign before one that is nothing."""
    if text[:1] in ("-", "+", MINUS) and not any(digit in text for digit in "123456789"):
        return text[1:]
    return MINUS + text[1:] if text.startswith("-") else text


def number(value: Any, digits: int = 0) -> str:
    """Write a number with grouping; a dash for what is not known."""
    # Django cuts floats off; people expect rounding.
    if value is None or value == "":
        return UNKNOWN
    return printed(number_format(f"{value:.{digits}f}", digits, use_l10n=True, force_grouping=True))


def percent(value: float | Decimal | None, digits: int = 1) -> str:
    """Write a share as a percentage; a dash for what is not known."""
    return UNKNOWN if value is None else f"{number(value * 100, digits)}%"


def signed(value: float | Decimal | None, form: str = "+.1%") -> str:
    """Write a difference in Python's form `form`, which begins with a plus: +4.0%, −4.0%, 0.0%."""
    return UNKNOWN if value is None else printed(f"{value:{form}}")


def signed_percent(value: float | Decimal | None, digits: int = 0) -> str:
    """Write a share with its sign, as +4%."""
    return signed(value, f"+,.{digits}%")


def money_sign(currency: str) -> str:
    """Return a currency's sign, or its code where it has none."""
    return _SIGNS.get(currency, currency)


def money_text(value: Any, currency: str = "", *, whole: bool = False) -> str:
    """Write an amount in the shop's way: with its sign, to the minor unit or in whole units."""
    if value is None:
        return UNKNOWN
    currency = currency or settings.SHOP_CURRENCY
    digits = 0 if whole else len(str(minor_unit(currency)).partition(".")[2])
    text = number(value, digits)
    sign = _SIGNS.get(currency)
    if sign is None:
        return f"{text} {currency}"
    minus = MINUS if text.startswith(MINUS) else ""
    return f"{minus}{sign}{text.removeprefix(minus)}"
