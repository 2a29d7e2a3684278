"""Read the keys that encrypt personal fields."""

from __future__ import annotations

import base64
import binascii

KEY_BYTES = 32


def parse_field_keys(text: str) -> dict[str, str]:
    """Read ``id:base64,id:base64``: the first key writes, all read. Raise ValueError on anything else."""
    keys: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key_id, colon, key = part.partition(":")
        if not (colon and key_id and key):
            raise ValueError("Write field keys as id:base64,id:base64.")
        keys[key_id] = key
    return keys


def field_key_fault(key: str) -> str:
    """Return what is wrong with a key, or an empty text."""
    try:
        size = len(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        return "it is not base64"
    return "" if size == KEY_BYTES else f"it has {size} bytes instead of {KEY_BYTES}"
