"""What is known about a shop system's export."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Export:
    """A file that a shop system writes: by which columns it is known, and what they mean."""

    shop: str
    label: str
    kind: str
    known_by: frozenset[str]
    columns: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the name of the mapping, as `shopify.orders`."""
        return f"{self.shop}.{self.kind}"
