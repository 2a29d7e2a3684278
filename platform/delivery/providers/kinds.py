"""What kinds of provider there are: the interface each speaks, and the settings it wants."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.registry import Registry
from delivery.channels.base import Connection

#: Opens a connection with a provider's settings.
Open = Callable[[Mapping[str, Any]], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing a kind wants to know. A secret one is never shown again."""

    name: str
    label: Any
    help: Any = ""
    secret: bool = False
    required: bool = True
    default: str = ""
    choices: Sequence[tuple[str, Any]] = ()
    #: An address that we call: it is checked like any other that others name.
    is_url: bool = False
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider said later about a message it had taken."""

    reference: str
    delivered: bool
    error: str = ""
    #: The address itself is of no use.
    bounced: bool = False


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message that a customer sent back. `id` tells it from its own repeats."""

    id: str
    address: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one call of a provider's webhook holds."""

    receipts: Sequence[Receipt] = ()
    inbound: Sequence[Inbound] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """An interface of providers, offered in the form of a channel."""

    name: str
    title: Any
    channel: str
    open: Open
    settings: Sequence[Setting] = field(default_factory=tuple)
    #: Reads a call of the provider's webhook. Raises ValueError for one that it cannot have sent.
    feedback: Callable[[Any], Feedback] | None = None
    #: What the provider wants to hear after it.
    thanks: Mapping[str, Any] = field(default_factory=lambda: {"ok": True})


kinds: Registry[Kind] = Registry("kind of provider")


def of_channel(channel: str) -> list[Kind]:
    """Return the kinds that serve a channel."""
    return [kind for _, kind in kinds if kind.channel == channel]
