"""Where the names of spots in a plane lie, so that no two are over each other."""

from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]

#: How far from its spot a name begins, how high a line is, and a spot's radius, in px.
BESIDE, LINE, SPOT = 9, 14, 6
_SHIFTS = (0, *(sign * lines * LINE for lines in range(1, 6) for sign in (-1, 1)))


@dataclass(frozen=True, slots=True)
class Place:
    """On which side of a name its spot lies, and how much lower than the spot the name is, in px."""

    side: str
    shift: float


def places(
    names: Sequence[str], spots: Sequence[tuple[float, float]], *, width: int, height: int
) -> list[Place]:
    """Put each name beside its spot (px from the left and the top), towards the middle where it can be.

    Names are placed from the top; one that would meet a name or a spot moves up or down line by line, or to
    the other side. One for which there is nowhere any room stays beside its spot.
    """
    taken: list[Box] = [(x - SPOT, y - SPOT, x + SPOT, y + SPOT) for x, y in spots]
    found: dict[int, Place] = {}
    for n in sorted(range(len(spots)), key=lambda n: spots[n][1]):
        x, y = spots[n]
        sides = ("left", "right") if x <= width / 2 else ("right", "left")
        choices = [
            (Place(side, shift), _box(names[n], x, y, side, shift)) for shift in _SHIFTS for side in sides
        ]
        free = (
            (place, box)
            for place, box in choices
            if _within(box, width, height) and not any(_meet(box, other) for other in taken)
        )
        found[n], box = next(free, choices[0])
        taken.append(box)
    return [found[n] for n in range(len(spots))]


def _box(name: str, x: float, y: float, side: str, shift: float) -> Box:
    long = sum(12.0 if ord(letter) > 0x2E80 else 6.8 for letter in name)
    begin = x + BESIDE if side == "left" else x - BESIDE - long
    return begin, y + shift - LINE / 2, begin + long, y + shift + LINE / 2


def _within(box: Box, width: int, height: int) -> bool:
    return min(box) >= 0 and box[2] <= width and box[3] <= height


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
