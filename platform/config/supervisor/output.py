"""Merge the output of all processes into one log."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import TextIO

CHUNK = 65_536  # bytes
WIDTH = 9  # of the longest process name and a space
COLORS = (36, 32, 35, 33, 34, 96, 92)


class Output:
    """Write lines that name their process: readable for a person, JSON for a machine."""

    def __init__(self, form: str, stream: TextIO | None = None, colors: bool = False) -> None:
        self.form = form
        self.stream = stream or sys.stdout
        self.colors = colors
        self._names: dict[str, int] = {}

    def line(self, process: str, text: str) -> None:
        """Write one line unless it is empty; a reader who went away does not stop the product."""
        if not text.strip():
            return
        try:
            self.stream.write(self._format(process, text) + "\n")
            self.stream.flush()
        except (BrokenPipeError, ValueError):
            return

    async def pump(self, process: str, reader: asyncio.StreamReader) -> None:
        """Copy a process's output line by line until it ends; a line may be of any length."""
        rest = b""
        while chunk := await reader.read(CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.line(process, line.decode(errors="replace").rstrip("\r"))
        if rest:
            self.line(process, rest.decode(errors="replace"))

    def _format(self, process: str, text: str) -> str:
        if self.form == "json":
            if text.startswith("{") and text.endswith("}"):
                return text  # written by our log, which names the process itself
            event = {
                "event": text,
                "level": "info",
                "process": process,
                "timestamp": datetime.now(UTC).isoformat(),
            }
            return json.dumps(event, ensure_ascii=False, sort_keys=True)
        label = f"{process:<{WIDTH}}│"
        if self.colors:
            color = COLORS[self._names.setdefault(process, len(self._names)) % len(COLORS)]
            label = f"\x1b[{color}m{label}\x1b[0m"
        return f"{label} {text}"
