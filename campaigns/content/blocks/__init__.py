"""The blocks a message is built of: typed, versioned JSON that is read strictly."""

from .conditions import ABOUT, Condition
from .fields import LIQUID
from .kinds import KINDS, MOST_PRODUCTS, Block, Recommendations
from .reading import members_of, parse_blocks, walk, with_ids

__all__ = [
    "ABOUT", "KINDS", "LIQUID", "MOST_PRODUCTS", "Block", "Condition", "Recommendations", "members_of",
    "parse_blocks", "walk", "with_ids",
]  # fmt: skip
