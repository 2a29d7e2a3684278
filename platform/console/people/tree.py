"""Where to draw a decision tree: from left to right, a line for each leaf, questions in the middle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: A column for each depth, a line for each leaf.
COLUMN, LINE, BOX, MARGIN = 236, 54, 196, 10


@dataclass(frozen=True, slots=True)
class Box:
    """A question, or a leaf with the class of most of its people; `counts` are in the order of classes."""

    x: float
    y: float
    feature: str
    threshold: float | None
    label: str
    people: int
    purity: float

    @property
    def middle(self) -> float:
        """Return the height at which lines meet it."""
        return self.y + 20


@dataclass(frozen=True, slots=True)
class Branch:
    """A line from a question to what follows from its answer."""

    path: str
    yes: bool
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and branches within `width` by `height`."""

    boxes: list[Box]
    branches: list[Branch]
    width: int
    height: int
    box: int = BOX


def draw(nodes: Sequence[Mapping[str, Any]]) -> Picture:
    """Lay out a tree whose first node is the root; branches are as wide as the people who take them."""
    found = {node["id"]: node for node in nodes}
    boxes: dict[int, Box] = {}
    leaves = 0

    def place(key: int) -> None:
        nonlocal leaves
        node = found[key]
        if "feature" in node:
            place(node["left"])
            place(node["right"])
            y = (boxes[node["left"]].y + boxes[node["right"]].y) / 2
        else:
            y, leaves = MARGIN + leaves * LINE, leaves + 1
        boxes[key] = Box(
            x=MARGIN + node["depth"] * COLUMN,
            y=y,
            feature=node.get("feature", ""),
            threshold=node.get("threshold"),
            label=node["label"],
            people=node["customers"],
            purity=node["counts"].get(node["label"], 0) / max(node["customers"], 1),
        )

    root = nodes[0]
    place(root["id"])
    branches = []
    for key, node in found.items():
        for side in ("left", "right"):
            if side in node:
                branches.append(_branch(boxes[key], boxes[node[side]], side == "left", root["customers"]))
    deepest = max(node["depth"] for node in nodes)
    return Picture(
        list(boxes.values()), branches, int(2 * MARGIN + deepest * COLUMN + BOX), 2 * MARGIN + leaves * LINE
    )


def _branch(parent: Box, child: Box, yes: bool, whole: int) -> Branch:
    x0, x1 = parent.x + BOX, child.x
    bend = (x0 + x1) / 2
    path = f"M{x0:.0f} {parent.middle:.1f}C{bend:.0f} {parent.middle:.1f} {bend:.0f} {child.middle:.1f} "
    return Branch(
        f"{path}{x1:.0f} {child.middle:.1f}",
        yes,
        x1 - 5,
        child.middle - 6,
        1 + 7 * child.people / max(whole, 1),
    )
