"""Pictures of products, drawn from their category: the demo's data have none."""

import hashlib
from dataclasses import dataclass

from catalog.models import Product

#: The first motif whose word stands in the category or the name is drawn.
_MOTIFS = {
    "bottle": "beer wine soda soft-drink water juice oil dressing sauce shampoo drink liquor syrup lotion"
    " detergent cleaner vinegar",
    "carton": "milk cream egg yogurt tofu broth",
    "cheese": "cheese butter margarine",
    "fruit": "fruit apple berries banana citrus grape melon tropical pear tomato",
    "leaf": "salad vegetable produce herb lettuce potato onion floral flower plant",
    "loaf": "bread bakery bun roll bagel cake cookie pastry donut pie muffin",
    "tray": "meat beef pork chicken poultry seafood fish turkey ham sausage bacon deli frozen pizza dinner",
    "can": "soup can bean tuna pet dog cat coffee tea baby nutrition",
    "bag": "snack chip candy nut popcorn pretzel flour sugar rice pasta bag",
}
_ELSE = "box"
#: Bread is brown and salad green; what has no colour of its own takes any.
_HUES = {"cheese": 45, "fruit": 8, "leaf": 115, "loaf": 30, "carton": 210, "tray": 350}
_SPREAD = 24


@dataclass(frozen=True, slots=True)
class Tile:
    """A motif on a ground; the hue is the motif's, varied by category, in degrees."""

    motif: str
    hue: int

    @property
    def ground(self) -> str:
        """Return the colour behind."""
        return f"hsl({self.hue} 48% 88%)"

    @property
    def body(self) -> str:
        """Return the colour of the thing."""
        return f"hsl({self.hue} 42% 46%)"

    @property
    def shade(self) -> str:
        """Return the colour of its dark parts."""
        return f"hsl({self.hue} 46% 34%)"


def tile_of(product: Product) -> Tile:
    """Return the picture of a product; the same for ever."""
    path = product.category.path if product.category else ""
    words = f"{path} {product.name}".lower()
    motif = next((name for name, keys in _MOTIFS.items() if any(k in words for k in keys.split())), _ELSE)
    digest = hashlib.sha256((path or product.sku).encode()).digest()
    number = int.from_bytes(digest[:2])
    if motif not in _HUES:
        return Tile(motif, number % 360)
    return Tile(motif, (_HUES[motif] + number % _SPREAD - _SPREAD // 2) % 360)
