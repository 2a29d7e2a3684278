"""Where to draw a flow between two days: a column of states for each, and ribbons as wide as people."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

WIDTH, HEIGHT = 960, 460
#: The columns leave room for the names outside; names need the gap between the bars.
_LEFT, _RIGHT, _BAR, _GAP, _TOP = 180, 780, 14, 24, 14


@dataclass(frozen=True, slots=True)
class Link:
    """So many people went from one state to another."""

    left: str
    right: str
    people: int


@dataclass(frozen=True, slots=True)
class Node:
    """A bar: one state on one of the two days."""

    state: str
    people: int
    x: int
    y: float
    height: float

    @property
    def middle(self) -> float:
        """Return where its name stands."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A link as a path, drawn with a stroke of `width`."""

    link: Link
    path: str
    width: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Bars and ribbons within `width` by `height`."""

    before: list[Node]
    after: list[Node]
    ribbons: list[Ribbon]
    bar: int = _BAR
    width: int = WIDTH
    height: int = HEIGHT


def draw(links: Sequence[Link], order: Sequence[str]) -> Picture:
    """Lay out the links with the states of both columns in `order`; equal people are equally tall."""
    place = {state: number for number, state in enumerate(order)}
    known = sorted(
        (link for link in links if link.people and link.left in place and link.right in place),
        key=lambda link: (place[link.left], place[link.right]),
    )
    across = sorted(known, key=lambda link: (place[link.right], place[link.left]))
    whole = sum(link.people for link in known) or 1
    bars = max(len({link.left for link in known}), len({link.right for link in known}), 1)
    scale = (HEIGHT - 2 * _TOP - (bars - 1) * _GAP) / whole
    before, starts = _column(known, "left", _LEFT, scale)
    after, ends = _column(across, "right", _RIGHT - _BAR, scale)
    x0, x1 = _LEFT + _BAR, _RIGHT - _BAR
    bend = (x0 + x1) / 2
    ribbons = []
    for link in known:
        y0, y1 = (side[link] + link.people * scale / 2 for side in (starts, ends))
        path = f"M{x0} {y0:.1f}C{bend:.0f} {y0:.1f} {bend:.0f} {y1:.1f} {x1} {y1:.1f}"
        ribbons.append(Ribbon(link, path, max(link.people * scale, 1.0)))
    return Picture(before, after, ribbons)


def _column(links: Sequence[Link], side: str, x: int, scale: float) -> tuple[list[Node], dict[Link, float]]:
    """Return the bars of one side, and where each link leaves or meets its bar."""

    def state(link: Link) -> Any:
        return getattr(link, side)

    nodes, places, y = [], {}, float(_TOP)
    for name, group in groupby(links, key=state):
        top, people = y, 0
        for link in group:
            places[link] = top + people * scale
            people += link.people
        nodes.append(Node(name, people, x, top, max(people * scale, 1.0)))
        y = top + people * scale + _GAP
    return nodes, places
