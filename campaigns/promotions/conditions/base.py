"""What every condition offers."""

from typing import ClassVar, Protocol

from campaigns.promotions.carts import Situation


class Condition(Protocol):
    """One thing that must hold. `needs` names what of the shopper must be looked up to judge it.

    `on_cart` says that it is about what is in the cart, so that the shopper can still bring it about.
    """

    needs: ClassVar[frozenset[str]]
    on_cart: ClassVar[bool]

    def missing(self, situation: Situation) -> str | None:
        """Return a sentence saying what is missing, or None when the condition holds."""


NOTHING: frozenset[str] = frozenset()
