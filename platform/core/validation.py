"""Checks of what strangers send, before it meets the database."""

import json
import re
from typing import Any

MAX_DEPTH = 10
MAX_JSON_CHARS = 65_536
_SURROGATE = re.compile("[\ud800-\udfff]")


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
