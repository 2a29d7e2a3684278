"""Registries: a lower app declares what it needs, higher apps fill it in their `AppConfig.ready`."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class UnknownEntry(LookupError):
    """Nothing is registered under that name."""


class Registry(Generic[T]):
    """Named entries in the order in which they were added."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> T:
        """Add an entry. Raises ValueError when another one has the name."""
        if self._entries.setdefault(name, entry) is not entry:
            raise ValueError(f"Two {self.what}s are called “{name}”.")
        return entry

    def get(self, name: str) -> T:
        """Return the entry, or raise UnknownEntry saying which there are."""
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(self._entries) or "none"
            raise UnknownEntry(f"There is no {self.what} “{name}”; known: {known}.") from None

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter(self._entries.items())

    def __contains__(self, name: object) -> bool:
        return name in self._entries
