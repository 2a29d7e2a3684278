"""What a batch did to one row."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A row that was created or changed: its key, what it was before (JSON), the moment left on it."""

    object_id: int
    created: bool
    before: str | None
    stamp: datetime
