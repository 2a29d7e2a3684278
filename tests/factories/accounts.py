"""Team members and keys."""

from collections.abc import Iterable
from datetime import UTC, datetime

from accounts.keys import create_key
from accounts.models import Scope

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_key(name: str = "alice", scopes: Iterable[str] = tuple(Scope), now: datetime = NOW) -> str:
    """Store a key and return its secret."""
    return create_key(name=name, scopes=scopes, now=now)[1]
