"""Which lines of a cart a rule speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from .carts import Cart, Line
from .vocabulary import RuleInvalid, texts

MEMBERS = ("products", "categories", "brands", "shelves")


@dataclass(frozen=True, slots=True)
class Selection:
    """Lines of these products, of these categories with all below them, of these brands or shelves.

    A shelf is what the shop's lines call so: a department, or a seller on a market place. Without any of
    the four it speaks of every line.
    """

    products: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    shelves: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, value: Any, path: str) -> "Selection":
        """Read `{"products": […], "categories": […], "brands": […], "shelves": […]}`, any of the four."""
        told = _("Name products, categories, brands or shelves.")
        if not isinstance(value, dict) or not value:
            raise RuleInvalid(path, told)
        for name in value:
            if name not in MEMBERS:
                raise RuleInvalid(
                    f"{path}.{str(name)[:40]}", _("Name products, categories, brands or shelves.")
                )
        return cls(**{name: texts(entries, f"{path}.{name}") for name, entries in value.items()})

    @property
    def is_everything(self) -> bool:
        """Say whether every line is meant."""
        return not (self.products or self.categories or self.brands or self.shelves)

    def matches(self, line: Line) -> bool:
        """Say whether the line is meant."""
        return (
            line.sku in self.products
            or line.brand in self.brands
            or line.shelf in self.shelves
            or any(within(line.category, path) for path in self.categories)
        )

    def of(self, cart: Cart) -> Sequence[int]:
        """Return the positions of the lines that are meant, as `matches` has them, in their order.

        A cart knows where its products, categories, brands and shelves stand, so its lines are not walked.
        """
        if self.is_everything:
            return range(len(cart.lines))
        found: set[int] = set()
        for named, places in (
            (self.products, cart.products),
            (self.categories, cart.categories),
            (self.brands, cart.brands),
            (self.shelves, cart.shelves),
        ):
            if named:
                for name in places.keys() & named:
                    found.update(places[name])
        return sorted(found)


EVERYTHING = Selection()


def within(category: str, path: str) -> bool:
    """Say whether a category path is that path or lies below it."""
    return category == path or category.startswith(f"{path}/")
