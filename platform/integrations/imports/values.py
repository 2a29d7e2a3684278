"""From what stands in a cell to a typed value. Every ValueError is a sentence for the one who imports."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from django.utils.translation import gettext as _

from core.encryption import normalise_email
from core.validation import json_error, text_error

#: Words for yes and no as shops export them.
YES = frozenset(
    [
        "yes",
        "y",
        "true",
        "t",
        "1",
        "on",
        "x",
        "subscribed",
        "granted",
        "opt-in",
        "ja",
        "oui",
        "si",
        "sí",
        "sim",
        "да",
        "是",
        "有",
        "已订阅",
        "同意",
        "启用",
        "対",
    ]
)
NO = frozenset(
    [
        "no",
        "n",
        "false",
        "f",
        "0",
        "off",
        "-",
        "unsubscribed",
        "withdrawn",
        "opt-out",
        "not_subscribed",
        "nein",
        "non",
        "não",
        "нет",
        "否",
        "无",
        "未订阅",
        "不同意",
        "停用",
    ]
)
#: In which order the numbers of 03/04/2026 stand.
DATE_ORDERS = ("dmy", "mdy")
_MARKED_NUMBER = re.compile(r"^'\d")  # how spreadsheets keep an id or a zip code from becoming a number
_FORMULA = ("'=", "'+", "'-", "'@", "'\t", "'\r")
_CURRENCY_SIGNS = {
    "$": "",
    "€": "EUR",
    "£": "GBP",
    "¥": "",
    "￥": "CNY",
    "₹": "INR",
    "₽": "RUB",
    "US$": "USD",
}
_NUMBERS = re.compile(r"^(\d{1,4})\s*[./年-]\s*(\d{1,2})\s*[./月-]\s*(\d{1,4})日?(?:[T\s,]+(.+))?$")
_TIME = re.compile(
    r"^(\d{1,2})[:时h](\d{1,2})(?:[:分](\d{1,2})秒?(?:[.,]\d+)?)?分?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_WORDS = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%a, %d %b %Y", "%b %d %Y")
_SPACED_ZONE = re.compile(r"\s+([+-]\d{2}:?\d{2}|Z|UTC)$")
_EPOCH = re.compile(r"^\d{10}(\d{3})?(\.\d+)?$")
_EARLIEST, _LATEST = 1900, 2200
#: Beyond this, JSON's numbers are no longer exact, and an id would become another one.
_EXACT = 2**53
_LARGEST = Decimal(10) ** 12 - 1
_SIGN = r"(?:[A-Za-z]{1,3}\.?|[A-Za-z]{0,3}[$€£¥￥₹₽元])"
_AMOUNT = re.compile(rf"(?:{_SIGN})?([-+(]?)(?:{_SIGN})?([-+]?[\d.,'’]*\d[.,]?)(\)?-?)(?:{_SIGN})?", re.ASCII)


_BLANKS = re.compile("[ \u00a0\u202f]")


class Nested(str):
    """A list or an object of a file, as JSON: no text, whatever it looks like."""

    __slots__ = ()

    def load(self) -> Any:
        """Return the list or object."""
        return orjson.loads(str(self))  # it takes no subclass


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a file are read: what the person chose, or what the file itself shows.

    `date_order` is for 03/04/2026 only; `decimal` is “.” or “,”; times without a zone are in `zone`.
    """

    date_order: str = "dmy"
    decimal: str = "."
    zone: tzinfo = UTC
    country: str = ""
    currency: str = ""


def text(value: Any, limit: int = 500) -> str | None:
    """Return a cell as text without the mark that protects from formulas; None when nothing is in it."""
    if value is None:
        return None
    if type(value) is str and value.isascii() and value.isprintable():
        found = value.strip()  # most cells: nothing to doubt but the length
        if len(found) <= limit and found[:1] != "'":
            return found or None
    if isinstance(value, bool | Nested):
        raise ValueError(_("Is no text but %(value)s. Write it in quotes.") % {"value": _shown(value)})
    if isinstance(value, float):
        # Spreadsheets and Parquet write ids as 1029.0.
        if not value.is_integer() or abs(value) >= _EXACT:
            raise ValueError(
                _("Is the number %(value)s, which is not exact. Write it as text.") % {"value": value}
            )
        value = int(value)
    found = value if isinstance(value, str) else str(value)
    found = found.strip().strip("\ufeff\u200b")
    if found.startswith(_FORMULA) or _MARKED_NUMBER.match(found):
        found = found[1:]
    if not found:
        return None
    if error := text_error(found):
        raise ValueError(error)
    if len(found) > limit:
        raise ValueError(_("Is longer than %(limit)d characters.") % {"limit": limit})
    return found


def own(value: Any, limit: int = 2000) -> Any:
    """Return what is kept among own attributes: a text, or a number, a yes or a list as the file has it."""
    if isinstance(value, Nested) and len(value) <= limit:
        found = value.load()
        if error := json_error(found):
            raise ValueError(error)
        return found
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(_("“%(value)s” is not a number.") % {"value": value})
    return value if isinstance(value, bool | int | float) else text(value, limit)


def boolean(value: Any) -> bool | None:
    """Return yes or no in words of several languages."""
    if value is None or isinstance(value, bool):
        return value
    found = text(value)
    if found is None:
        return None
    word = found.casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError(_("“%(value)s” is neither yes nor no.") % {"value": found[:40]})


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:40]


def number(value: Any, reading: Reading) -> Decimal | None:
    """Return a finite number; signs of currencies and groups of thousands are read over.

    Where both marks stand, the last one is the decimal mark, whatever was chosen. Exponents are refused:
    a spreadsheet that wrote 1.23E+11 has lost the digits behind.
    """
    if value is None:
        return None
    if isinstance(value, bool | Nested):
        raise ValueError(_("“%(value)s” is not a number.") % {"value": _shown(value)})
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


def currency_of(value: Any) -> str | None:
    """Return the currency that a cell like “12.30 EUR” or “€12.30” names, or None."""
    if not isinstance(value, str):
        return None
    letters = re.sub(r"[\d.,()+\-\s'’ \u202f]", "", value)
    if len(letters) == 3 and letters.isascii() and letters.isalpha():
        return letters.upper()
    return _CURRENCY_SIGNS.get(letters) or None


def whole(value: Any, reading: Reading) -> int | None:
    """Return a whole number."""
    found = number(value, reading)
    if found is None:
        return None
    if found != found.to_integral_value():
        raise ValueError(_("“%(value)s” is not a whole number.") % {"value": str(value)[:40]})
    return int(found)


def moment(value: Any, reading: Reading) -> datetime | None:
    """Return a moment in UTC from ISO 8601, 2026/9/1 14:05, 01.02.2026, 2026年9月1日, words or an epoch.

    A day alone is its beginning in the zone of the file.
    """
    if isinstance(value, datetime):
        return _in_utc(value, reading)
    if isinstance(value, date):
        return _in_utc(datetime.combine(value, time()), reading)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    found = text(value, 60)
    if found is None:
        return None
    parsed = _iso(found) or _epoch(found) or _numeric(found, reading) or _worded(found)
    if parsed is None or not _EARLIEST <= parsed.year <= _LATEST:
        raise ValueError(
            _("“%(value)s” is not a date. Write it like 2026-03-01 or 2026-03-01T12:00:00Z.")
            % {"value": found[:40]}
        )
    return _in_utc(parsed, reading)


def day(value: Any, reading: Reading) -> date | None:
    """Return a day, as of a birthday."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = text(value, 60)
    if found is None:
        return None
    parsed = _iso(found) or _numeric(found, reading) or _worded(found)
    if parsed is None or not _EARLIEST <= parsed.year <= _LATEST:
        raise ValueError(_("“%(value)s” is not a day. Write it like 1990-12-31.") % {"value": found[:40]})
    return parsed.date()


def _in_utc(parsed: datetime, reading: Reading) -> datetime:
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=reading.zone)
    return aware.astimezone(UTC)


def _iso(found: str) -> datetime | None:
    compact = _SPACED_ZONE.sub(lambda m: "Z" if m[1] == "UTC" else m[1], found)
    if compact.isdigit() and len(compact) != 8:
        return None
    try:
        return datetime.fromisoformat(compact)
    except ValueError:
        return None


def _epoch(found: str) -> datetime | None:
    if not _EPOCH.match(found):
        return None
    seconds = float(found) / (1000 if len(found.partition(".")[0]) == 13 else 1)
    return datetime.fromtimestamp(seconds, UTC)


def _numeric(found: str, reading: Reading) -> datetime | None:
    match = _NUMBERS.match(found)
    if not match:
        return None
    a, b, c = (int(match[n]) for n in (1, 2, 3))
    if len(match[1]) == 4:
        parts = (a, b, c)
    else:
        year = c if len(match[3]) == 4 else (2000 if c < 70 else 1900) + c
        parts = (year, a, b) if reading.date_order == "mdy" else (year, b, a)
    try:
        plain = datetime(*parts)
    except ValueError:
        return None
    return _with_time(plain, match[4])


def _worded(found: str) -> datetime | None:
    head, _sep, tail = found.partition(" at ")
    match = re.match(r"^(.*?\d{4})[,\s]+(\d{1,2}:.*)$", found)
    if match:
        head, tail = match[1], match[2]
    for form in _WORDS:
        try:
            return _with_time(datetime.strptime(head.strip(), form), tail or None)
        except ValueError:
            continue
    return None


def _with_time(plain: datetime, clock: str | None) -> datetime | None:
    if not clock:
        return plain
    match = _TIME.match(clock.strip())
    if not match:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4][0] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    result = plain.replace(hour=hour, minute=minute, second=second)
    if match[5]:
        zone = match[5] if match[5].startswith(("+", "-")) else "+00:00"
        result = datetime.fromisoformat(result.isoformat() + zone)
    return result


def ambiguous_dates(values: list[Any]) -> str | None:
    """Return the order of day and month that some values prove, “?” when they could be both, else None.

    None means that no value is written like 03/04/2026.
    """
    seen = False
    for value in values:
        match = _NUMBERS.match(value.strip()) if isinstance(value, str) else None
        if not match or len(match[1]) == 4:
            continue
        seen = True
        first, second = int(match[1]), int(match[2])
        if first > 12 >= second:
            return "dmy"
        if second > 12 >= first:
            return "mdy"
    return "?" if seen else None


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


def email(value: Any) -> str | None:
    """Return an e-mail address in the form it is kept."""
    found = text(value, 254)
    if found is None:
        return None
    try:
        normalise_email(found)
    except ValueError:
        raise ValueError(_("“%(value)s” is not an e-mail address.") % {"value": found[:80]}) from None
    return found


def country(value: Any) -> str | None:
    """Return an ISO 3166 code."""
    found = text(value, 60)
    if found is None:
        return None
    if len(found) == 2 and found.isascii() and found.isalpha():
        return found.upper()
    raise ValueError(_("Write the country as in ISO 3166, like DE."))


def currency(value: Any) -> str | None:
    """Return an ISO 4217 code."""
    found = text(value, 20)
    if found is None:
        return None
    if len(found) == 3 and found.isascii() and found.isalpha():
        return found.upper()
    named = {"人民币": "CNY", "元": "CNY", "rmb": "CNY"}.get(found.casefold())
    if named:
        return named
    raise ValueError(_("Write the currency as in ISO 4217, like EUR."))
