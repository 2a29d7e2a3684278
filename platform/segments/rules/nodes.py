"""What a rule tree is made of once it is read. Every node knows its path in the JSON."""

from dataclasses import dataclass, field
from typing import Any

from segments.rules.moments import Span, When


@dataclass(frozen=True, slots=True)
class Group:
    """All or any of the nodes."""

    path: str
    every: bool
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a node."""

    path: str
    node: "Node"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a value."""

    path: str
    field: str
    op: str
    value: Any
    zone: str = "shop"


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on an event's own column, or on one of its properties."""

    path: str
    name: str
    is_property: bool
    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when events count; `until` itself is outside. Empty means ever."""

    span: Span | None = None
    since: When | None = None
    until: When | None = None
    zone: str = "shop"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How much of something a customer did."""

    path: str
    event: str
    narrowed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    where: tuple[Where, ...] = ()
    window: Window = field(default_factory=Window)
    measure: str = "count"
    of: str = ""
    op: str = "gte"
    value: Any = 1
    #: Only the first (positive) or last (negative) so many events of the type count.
    nearest: int = 0

    @property
    def within_days(self) -> int | None:
        """Return the length of a window of days, the commonest one."""
        span = self.window.span
        return span.count if span is not None and span.unit == "days" else None


@dataclass(frozen=True, slots=True)
class Sequence:
    """One behaviour followed by another, or not followed, within a span."""

    path: str
    first: Behaviour
    second: Behaviour
    span: Span
    absent: bool = False
    #: The column that both share: "" (none), product_id or order_id.
    same: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What a customer did with the messages that they were sent."""

    path: str
    what: str
    campaigns: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    of_last: int = 0
    window: Window = field(default_factory=Window)
    op: str = "gte"
    value: Any = 1


@dataclass(frozen=True, slots=True)
class Member:
    """Membership of another segment."""

    path: str
    slug: str


@dataclass(frozen=True, slots=True)
class Share:
    """A random share, the same whenever it is asked for: slots of a hash from `low` up to `high`."""

    path: str
    salt: str
    low: int
    high: int
    percent: float


@dataclass(frozen=True, slots=True)
class Top:
    """The first so many by a field, among everyone or those who fit a rule."""

    path: str
    field: str
    n: int
    percent: float
    descending: bool
    of: "Node | None"


Condition = Comparison | Behaviour | Sequence | Message | Member | Share | Top
Node = Group | Not | Condition
