"""The files by which other programs find a running installation."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file in one step, readable by its owner alone."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    part.rename(path)


def point_demo_at(path: Path, url: str) -> None:
    """Bring the address in ``var/demo.json`` up to date; without the file there is nothing to do."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return
    if isinstance(content, dict):
        write_private(path, content | {"url": url})
