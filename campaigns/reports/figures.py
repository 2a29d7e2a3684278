"""The figures of a campaign that take a pass over its people: what a report keeps, as plain values.

Stored as JSON with a version of its own; money and its squares are text, so that nothing is rounded.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

VERSION = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a group of the audience bought in the goal window, whether or not their mail arrived.

    `variant` is None without a test; revenue is orders less refunds in the shop's currency, cancelled ones
    left out; `squares` is the sum of the squares of each person's revenue, for its likely range.
    """

    variant: str | None
    held_out: bool
    people: int
    buyers: int
    orders: int
    revenue: Decimal
    squares: Decimal = Decimal(0)

    @property
    def rate(self) -> float | None:
        """Return the share that bought."""
        return self.buyers / self.people if self.people else None

    @property
    def per_person(self) -> Decimal | None:
        """Return the revenue for each person, None for nobody."""
        return self.revenue / self.people if self.people else None


@dataclass(frozen=True, slots=True)
class Cohort:
    """What came of the windows that began on one day, the first of them at `at`.

    A window is one person and one sending; an order belongs to the latest one before it.
    """

    at: str
    held_out: bool
    people: int
    revenue: Decimal
    squares: Decimal


@dataclass(frozen=True, slots=True)
class Day:
    """What a side of the audience ordered on one day after each one's message: 0 is the first."""

    day: int
    held_out: bool
    buyers: int
    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class Hour:
    """How many people opened and clicked for the first time so many hours after their message left."""

    hour: int
    opened: int
    clicked: int


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the audience by what was known of it: `kind` is segment or persona, `key` which."""

    kind: str
    key: str
    held_out: bool
    people: int
    buyers: int


@dataclass(frozen=True, slots=True)
class Clicks:
    """The clicks on one destination of one version's mail in one arm.

    `place` is the address without what we add to it, or `product:2` for the second recommended product,
    which leads everybody elsewhere. `people` counts messages in which a person clicked it.
    """

    variant: str | None
    template: str
    place: str
    clicks: int
    people: int
    machines: int


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of one arm's messages of one version: each counts once, machines stand apart."""

    variant: str | None
    template: str
    sent: int = 0
    opened: int = 0
    clicked: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    opened_by_machine: int = 0
    clicked_by_machine: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is counted of a campaign, or of one sending."""

    outcomes: list[Outcome]
    cohorts: list[Cohort]
    days: list[Day]
    hours: list[Hour]
    groups: list[Group]
    clicks: list[Clicks]
    reached: list[Reached]

    def as_json(self) -> dict[str, Any]:
        """Return what `read` reads."""
        return {
            "version": VERSION,
            **{
                field.name: [_plain(asdict(row)) for row in getattr(self, field.name)]
                for field in fields(self)
            },
        }


NOTHING = Figures([], [], [], [], [], [], [])
_KINDS = {
    "outcomes": Outcome,
    "cohorts": Cohort,
    "days": Day,
    "hours": Hour,
    "groups": Group,
    "clicks": Clicks,
    "reached": Reached,
}
_MONEY = {"revenue", "squares"}


def read(stored: dict[str, Any]) -> Figures | None:
    """Return stored figures; None for those of another version, which are counted anew."""
    if stored.get("version") != VERSION:
        return None
    rows = {
        name: [kind(**{k: Decimal(v) if k in _MONEY else v for k, v in row.items()}) for row in stored[name]]
        for name, kind in _KINDS.items()
    }
    return Figures(**rows)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: str(value) if key in _MONEY else value for key, value in row.items()}


def added(outcomes: Iterable[Outcome], *, held_out: bool) -> Outcome:
    """Return the outcomes of all variants, or of those held out, as one group."""
    group = [o for o in outcomes if o.held_out == held_out]
    return Outcome(
        variant=None,
        held_out=held_out,
        people=sum(o.people for o in group),
        buyers=sum(o.buyers for o in group),
        orders=sum(o.orders for o in group),
        revenue=sum((o.revenue for o in group), start=Decimal(0)),
        squares=sum((o.squares for o in group), start=Decimal(0)),
    )
