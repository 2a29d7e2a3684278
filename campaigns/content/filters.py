"""Filters of our own for templates."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from babel.dates import format_date
from babel.numbers import format_currency
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from liquid.exceptions import FilterArgumentError

#: Where a link in a mail may lead.
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_DATE_PARTS = re.compile(r"%-?[aAbBdeHIjmMpSyY%]|[^%]")
# Browsers drop these inside of an address, which turns "java\tscript:" into a scheme.
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\ufeff]")


@lru_cache(maxsize=4096)
def is_safe_url(url: str) -> bool:
    """Say whether an address is absolute, of an allowed scheme and free of control characters."""
    if _CONTROL.search(url) or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme not in SCHEMES:
        return False
    return bool(parts.netloc if parts.scheme in {"http", "https"} else parts.path)


def safe_url(value: Any) -> str:
    """Return the address, or `#` when it could do harm. Applied to every address that comes from data."""
    text = str(value).strip()
    return text if is_safe_url(text) else "#"


def date_filter(value: Any, form: Any = "%Y-%m-%d") -> str:
    """Write an ISO date or date-time in a form of strftime's plain letters; an empty text stays empty.

    Widths and the platform's own letters are refused: `%1000000000Y` is a gigabyte.
    """
    text, form = str(value), str(form)
    if not text:
        return ""
    if "".join(_DATE_PARTS.findall(form)) != form or len(form) > 100:
        raise FilterArgumentError("date: use the letters a A b B d e H I j m M p S y Y after %", token=None)
    try:
        return datetime.fromisoformat(text).strftime(form)
    except ValueError:
        raise FilterArgumentError("date: this is not an ISO date", token=None) from None


def money(value: Any, currency: Any = "") -> str:
    """Write an amount as the reader's language does: `$2.75`, `2,75 €`. What is no amount stays as it is."""
    return _money(str(value), str(currency), translation.get_language() or "en")


@lru_cache(maxsize=4096)  # the same products stand in many mails
def _money(text: str, code: str, language: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return text
    # Beyond what a shop sells for, digits would be counted in gigabytes.
    if not amount.is_finite() or len(text) > 30 or abs(amount.adjusted()) > 15 or len(code) != 3:
        return f"{text} {code}".strip()
    return str(format_currency(amount, code, locale=translation.to_locale(language)))


def until(value: Any) -> str:
    """Say until when something holds, in the reader's language; nothing for an empty text."""
    text = str(value)
    if not text:
        return ""
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        raise FilterArgumentError("until: this is not an ISO date", token=None) from None
    if day.tzinfo is not None:
        day = timezone.localtime(day)
    locale = translation.to_locale(translation.get_language() or "en")
    return _("Use it by %(day)s.") % {"day": format_date(day, "long", locale=locale)}
