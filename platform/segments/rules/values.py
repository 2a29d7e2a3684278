"""Readers of single values. Each takes the value and its path, and raises RuleError."""

import math
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from segments.rules.limits import MAX_DAYS, MAX_LIST, MAX_NUMBER, MAX_TEXT, RuleError, at

T = TypeVar("T")


def text(value: Any, path: str) -> str:
    """Return a text that PostgreSQL can store."""
    if not isinstance(value, str) or not value:
        raise RuleError(path, _("This must be a text."))
    if len(value) > MAX_TEXT:
        raise RuleError(path, _("This text is longer than %(n)d characters.") % {"n": MAX_TEXT})
    if "\0" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise RuleError(path, _("This text holds characters that cannot be stored."))
    return value


def texts(value: Any, path: str) -> tuple[str, ...]:
    """Return one text or a list of them."""
    return tuple(listed(value, path, text)) if isinstance(value, list) else (text(value, path),)


def listed(value: Any, path: str, read: Callable[[Any, str], T]) -> list[T]:
    """Return a list of 1 to 1,000 values, each read by `read`."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LIST:
        raise RuleError(path, _("This must be a list of 1 to %(n)d values.") % {"n": MAX_LIST})
    return [read(item, f"{path}[{i}]") for i, item in enumerate(value)]


def number(value: Any, path: str) -> int | float:
    """Return a finite number of sensible size."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RuleError(path, _("This must be a number."))
    if abs(value) > MAX_NUMBER or not math.isfinite(value):
        raise RuleError(path, _("This number is too large."))
    return value


def numbers(value: Any, path: str) -> list[int | float]:
    """Return a list of numbers."""
    return listed(value, path, number)


def pair(value: Any, path: str) -> list[int | float]:
    """Return [low, high]."""
    if not isinstance(value, list) or len(value) != 2:
        raise RuleError(path, _("Write the lowest and the highest value, as [1, 5]."))
    low, high = (number(item, f"{path}[{i}]") for i, item in enumerate(value))
    if low > high:
        raise RuleError(path, _("The lowest value comes first."))
    return [low, high]


def boolean(value: Any, path: str) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise RuleError(path, _("Write true or false."))
    return value


def true(value: Any, path: str) -> bool:
    """Return true; what is not meant is left out."""
    if value is not True:
        raise RuleError(path, _("Write true, or leave it out."))
    return True


def whole(value: Any, path: str, most: int) -> int:
    """Return a whole number from 1 on."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise RuleError(path, _("This must be a whole number from 1 to %(n)d.") % {"n": most})
    return value


def whole_days(value: Any, path: str) -> int:
    """Return a number of days from 1 to a hundred years."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_DAYS:
        raise RuleError(path, _("This must be a whole number of days, from 1 to %(n)d.") % {"n": MAX_DAYS})
    return value


def choice(value: Any, path: str, known: Collection[str]) -> str:
    """Return one of the known words."""
    if not isinstance(value, str) or value not in known:
        raise RuleError(path, _("Write one of: %(names)s.") % {"names": ", ".join(known)})
    return value


def entries(value: Any, path: str, known: Collection[str]) -> dict[str, Any]:
    """Return an object with no other entries than the known ones."""
    if not isinstance(value, dict):
        raise RuleError(path, _("This must be an object with: %(names)s.") % {"names": ", ".join(known)})
    if unknown := sorted(str(key) for key in value if key not in known):
        raise RuleError(path, _("“%(name)s” is not known here.") % {"name": unknown[0][:50]})
    return value


def single(value: Any, path: str, known: Collection[str]) -> tuple[str, Any]:
    """Return the one entry of an object such as {"gte": 3}."""
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in known:
        raise RuleError(
            path, _('Write one comparison, as {"gte": 3}: %(names)s.') % {"names": ", ".join(known)}
        )
    return next(iter(value.items()))


def compared(value: Any, path: str, known: Collection[str]) -> tuple[str, Any]:
    """Return operator and number (a pair for `between`) of {"gte": 3}."""
    op, given = single(value, path, known)
    return op, (pair if op == "between" else number)(given, at(path, op))
