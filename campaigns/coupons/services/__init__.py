"""The life of a code at the till: validate → reserve → redeem → roll back, wholly or in part."""

from campaigns.promotions.carts import Order

from .counting import release_expired
from .redeeming import Redeemed, redeem
from .refusals import Refused
from .reserving import RESERVED_FOR, reserve
from .returning import refund, roll_back
from .revoking import revoke
from .valuing import validate

__all__ = [
    "RESERVED_FOR",
    "Order",
    "Redeemed",
    "Refused",
    "redeem",
    "refund",
    "release_expired",
    "reserve",
    "revoke",
    "roll_back",
    "validate",
]
