"""Triggered campaigns that every shop runs: each a full draft in one click."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from campaigns.planning.models import Goal, Part
from campaigns.schedule.models import Timing
from events.models import EventType

_MAIL = (Part.MESSAGE.value,)


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A campaign that waits for something to happen.

    `content` is a starter template's key, or one of campaigns.planning.letters. `entering` is the short name
    of the ready-made segment whose newcomers are written to. With `coupon` it gives a code where the shop
    has some, by the content of that key.
    """

    key: str
    name: Any
    note: Any
    icon: str
    goal: Goal
    content: str
    schedule: dict[str, Any]
    entering: str = ""
    coupon: str = ""
    goal_days: int = 7
    parts: tuple[str, ...] = field(default=_MAIL)


READY_MADE: dict[str, ReadyMade] = {
    made.key: made
    for made in (
        ReadyMade(
            "welcome",
            _("Welcome"),
            _("Five minutes after somebody subscribes."),
            "waving_hand",
            Goal.WELCOME,
            "welcome",
            {"trigger_event": EventType.SUBSCRIBE, "delay_minutes": 5, "again_after_days": 365},
            goal_days=14,
        ),
        ReadyMade(
            "cart",
            _("Abandoned cart"),
            _("An hour after something went into the cart, unless they bought."),
            "shopping_cart",
            Goal.RESCUE,
            "cart",
            {
                "trigger_event": EventType.ADD_TO_CART,
                "delay_minutes": 60,
                "unless_event": EventType.PURCHASE,
                "again_after_days": 7,
                "of_use_hours": 24,
            },
        ),
        ReadyMade(
            "win_back",
            _("Win back"),
            _("When a big spender has gone quiet. With a code, where you have some."),
            "undo",
            Goal.WIN_BACK,
            "come_back",
            {"delay_minutes": 0, "unless_event": EventType.PURCHASE, "again_after_days": 90},
            entering="win-back",
            coupon="winback",
            goal_days=28,
        ),
        ReadyMade(
            "birthday",
            _("Birthday"),
            _("On the day, by each customer's own clock. Once a year."),
            "cake",
            Goal.REWARD,
            "birthday",
            {"delay_minutes": 0, "again_after_days": 300, "of_use_hours": 24},
            entering="birthday-today",
        ),
        ReadyMade(
            "price_drop",
            _("Price drop"),
            _("When something they looked at or put into the cart gets cheaper."),
            "trending_down",
            Goal.RESCUE,
            "price_drop",
            {
                "trigger_event": EventType.PRICE_DROP,
                "delay_minutes": 0,
                "unless_event": EventType.PURCHASE,
                "again_after_days": 7,
            },
        ),
        ReadyMade(
            "back_in_stock",
            _("Back in stock"),
            _("When something they wanted can be had again."),
            "inventory_2",
            Goal.RESCUE,
            "back_in_stock",
            {
                "trigger_event": EventType.BACK_IN_STOCK,
                "delay_minutes": 0,
                "unless_event": EventType.PURCHASE,
                "again_after_days": 1,
            },
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Start:
    """What a goal begins with; everything can be changed."""

    note: Any
    icon: str
    content: str
    parts: tuple[str, ...] = _MAIL
    objective: str = "replenish"
    goal_days: int = 28
    segment: str = ""


#: By goal. `segment` is a ready-made segment that fits; `content` a starter template.
STARTS: dict[str, Start] = {
    Goal.SELL: Start(_("Products picked for each person"), "trending_up", "recommendations"),
    Goal.SECOND_ORDER: Start(
        _("A reason to come again, soon after the first order"), "repeat", "recommendations",
        segment="first-time-buyers", objective="discover",
    ),
    Goal.WIN_BACK: Start(
        _("A code for those who have gone quiet"), "undo", "winback",
        (Part.MESSAGE.value, Part.COUPON.value), segment="win-back",
    ),
    Goal.REWARD: Start(
        _("A thank-you with a code"), "volunteer_activism", "coupon",
        (Part.MESSAGE.value, Part.COUPON.value), segment="loyal",
    ),
    Goal.NEWS: Start(
        _("New in the shop, or something to say"), "campaign", "new_arrivals", objective="discover",
        goal_days=14,
    ),
    Goal.CLEAR: Start(
        _("Lower prices for everybody, and tell them"), "sell", "flash_sale",
        (Part.MESSAGE.value, Part.PROMOTION.value), goal_days=7,
    ),
}  # fmt: skip


def waits_for_something(made: ReadyMade) -> dict[str, Any]:
    """Return a ready-made's schedule."""
    return {"timing": Timing.TRIGGERED, **made.schedule}
