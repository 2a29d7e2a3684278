"""One thing that was looked at before sending."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Whether it stands in the way."""

    GOOD = "good"
    ADVICE = "advice"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, in a sentence; `block` is the id of the block it is about."""

    code: str
    level: Level
    message: str
    block: str = ""
