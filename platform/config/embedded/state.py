"""The file in which the guardian tells its clients where the servers are."""

from __future__ import annotations

import json
import os
from typing import Any

from config.embedded.places import Places


def write_state(places: Places, state: dict[str, Any]) -> None:
    """Replace the state file in one step; it holds passwords, so only its owner may read it."""
    part = places.state.with_suffix(f".{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(state, file, indent=2)
    part.rename(places.state)


def read_state(places: Places) -> dict[str, Any]:
    """Return what the last guardian wrote, or nothing."""
    try:
        found = json.loads(places.state.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
