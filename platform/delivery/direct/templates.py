"""What direct messages need of those who keep templates. Campaigns' content fills it in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.registry import Registry
from customers.models import Customer
from delivery.sources import Rendered


@dataclass(frozen=True, slots=True)
class Wanted:
    """A template to be rendered for somebody; `context` holds values of the partner's own."""

    template: str
    customer: Customer
    context: Mapping[str, Any]
    unsubscribe_url: str


class Templates(Protocol):
    """One who keeps templates by name."""

    def exists(self, name: str) -> bool:
        """Say whether there is a template of that name."""

    def render(self, wanted: Mapping[int, Wanted]) -> dict[int, Rendered | Exception]:
        """Render for each key; a constant number of queries. What cannot be rendered is an exception."""


#: By channel.
templates: Registry[Templates] = Registry("keeper of templates")
