"""What other apps do when customers join, merge, are erased or ask for their data.

Every app that keeps something about people registers it here in its `AppConfig.ready`, mostly as
`customers.holdings.Rows`. A test walks all tables with a customer in them and asks for each.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.registry import Registry


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is to be forgotten: what identifies them, while it is still known."""

    customer_id: int
    external_ids: tuple[str, ...]
    identifier_ids: tuple[int, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...]


class Follower(Protocol):
    """Move what an app keeps about a customer when customers merge, and back."""

    def join(self, pairs: Sequence[tuple[int, int]], now: datetime) -> None:
        """Give what came by anonymous identifiers to their customers: pairs (identifier id, customer id)."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Move the merged customer's rows to the kept one; return plain JSON with which `undo` restores.

        Runs in the merge's transaction, before the merged customer's own row is deleted.
        """

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Move back exactly what `merge` moved, and what came by the identifiers since.

        Runs after the merged customer's own row is restored.
        """


class Eraser(Protocol):
    """Forget a person in one table or store."""

    def erase(self, person: Person, now: datetime) -> int:
        """Delete or anonymise what is kept, in the caller's transaction; return the rows touched."""


class Exporter(Protocol):
    """Say what one table or store holds about a person."""

    def export(self, customer_id: int) -> Any:
        """Return plain JSON."""


class Watcher(Protocol):
    """Hear of customers whose records were written."""

    def changed(self, customer_ids: Collection[int], now: datetime) -> None:
        """Take note in the caller's transaction; one query."""


watchers: Registry[Watcher] = Registry("watcher of customers")
followers: Registry[Follower] = Registry("follower of merges")
erasers: Registry[Eraser] = Registry("eraser")
exporters: Registry[Exporter] = Registry("exporter")
