"""Texts, yes and no, and what a shop keeps of its own."""

import math
import re
from typing import Any

import orjson
from django.utils.translation import gettext as _

from core.validation import json_error, text_error

#: Words for yes and no as shops export them.
YES = frozenset(
    [
        "yes", "y", "true", "t", "1", "on", "x", "subscribed", "granted", "opt-in", "ja", "oui",
        "si", "sí", "sim", "да", "是", "有", "已订阅", "同意", "启用", "対",
    ]
)  # fmt: skip
NO = frozenset(
    [
        "no", "n", "false", "f", "0", "off", "-", "unsubscribed", "withdrawn", "opt-out",
        "not_subscribed", "nein", "non", "não", "нет", "否", "无", "未订阅", "不同意", "停用",
    ]
)  # fmt: skip
_MARKED_NUMBER = re.compile(r"^'\d")  # how spreadsheets keep an id or a zip code from becoming a number
_FORMULA = ("'=", "'+", "'-", "'@", "'\t", "'\r")
#: Beyond this, JSON's numbers are no longer exact, and an id would become another one.
_EXACT = 2**53


class Nested(str):
    """A list or an object of a file, as JSON: no text, whatever it looks like."""

    __slots__ = ()

    def load(self) -> Any:
        """Return the list or object."""
        return orjson.loads(str(self))  # it takes no subclass


def text(value: Any, limit: int = 500) -> str | None:
    """Return a cell as text without the mark that protects from formulas; None when nothing is in it."""
    if value is None:
        return None
    if type(value) is str and value.isascii() and value.isprintable():
        found = value.strip()  # most cells: nothing to doubt but the length
        if len(found) <= limit and found[:1] != "'":
            return found or None
    if isinstance(value, bool | Nested):
        raise ValueError(_("Is no text but %(value)s. Write it in quotes.") % {"value": shown(value)})
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


def shown(value: Any) -> str:
    """Return a value as an error names it."""
    return str(value).lower() if isinstance(value, bool) else str(value)[:40]
