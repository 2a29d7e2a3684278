"""Orders that could come: the second one, and what is due again."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.planning.models import Goal
from console.home.models import Suggestion
from console.home.suggestions.base import FEWEST, Found, Shop, count, days, money

#: The shop's gap between a first and a second order is told from so many people on.
MEASURED = 20
#: Rhythms by which people are due again, in days: (from, up to).
RHYTHMS = ((7, 10), (10, 14), (14, 20), (20, 28), (28, 40), (40, 60), (60, 90))
#: Due until so many times their rhythm; from twice on they lapse, which is another matter.
UNTIL = 1.6

_GAP = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_days), count(*)
  FROM profiles_customerprofile WHERE orders = 2 AND gap_days IS NOT NULL
"""


class SecondOrderMissing:
    """Who bought once, for whom the usual moment of a second order has passed."""

    key = "second_order"
    icon = "replay"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Measure the usual gap, and count who is between one and three of them."""
        ((gap, measured),) = shop.rows(_GAP)
        if measured < MEASURED:
            return
        usual = max(1, round(gap))
        rule = {
            "all": [
                {"field": "profile.orders", "op": "eq", "value": 1},
                {"field": "profile.recency_days", "op": "between", "value": [usual, 3 * usual]},
            ]
        }
        people = shop.of_rule(rule)
        if people and people.number >= FEWEST:
            yield Found(
                people.number,
                {**people.facts, "usual": usual},
                worth=people.worth,
                audience=rule,
                begin={"goal": Goal.SECOND_ORDER.value},
            )

    def title(self, one: Suggestion) -> str:
        """Say how many."""
        return ngettext(
            "%(people)s customer has not placed a second order",
            "%(people)s customers have not placed a second order",
            one.people,
        ) % {"people": count(one.people)}

    def why(self, one: Suggestion) -> str:
        """Say when it usually comes."""
        return _(
            "It usually comes %(usual)s after the first. Theirs was %(days)s ago on average, for %(basket)s."
        ) % {
            "usual": days(one.fact("usual")),
            "days": days(one.fact("away") or 0),
            "basket": money(one.fact("basket")),
        }

    def button(self, one: Suggestion) -> str:
        """Nudge."""
        return _("Draft a nudge")


class DueAgain:
    """Who buys by a rhythm and is a little late."""

    key = "due_again"
    icon = "event_repeat"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Count those past the upper end of their own rhythm, band by band."""
        rule: dict[str, Any] = {
            "all": [
                {"field": "profile.orders", "op": "gte", "value": 3},
                {
                    "any": [
                        {
                            "all": [
                                {"field": "profile.gap_days", "op": "between", "value": [low, high]},
                                {
                                    "field": "profile.recency_days",
                                    "op": "between",
                                    "value": [high, round(UNTIL * low)],
                                },
                            ]
                        }
                        for low, high in RHYTHMS
                        if round(UNTIL * low) > high
                    ]
                },
            ]
        }
        people = shop.of_rule(rule)
        if people and people.number >= FEWEST:
            yield Found(
                people.number,
                people.facts,
                worth=people.worth,
                audience=rule,
                begin={"goal": Goal.SELL.value},
            )

    def title(self, one: Suggestion) -> str:
        """Say how many."""
        return ngettext(
            "%(people)s regular is due again", "%(people)s regulars are due again", one.people
        ) % {"people": count(one.people)}

    def why(self, one: Suggestion) -> str:
        """Say what an order of theirs is."""
        return _(
            "They buy by a rhythm, and it has just passed: the last order was %(days)s ago on average, for"
            " %(basket)s."
        ) % {"days": days(one.fact("away") or 0), "basket": money(one.fact("basket"))}

    def button(self, one: Suggestion) -> str:
        """Remind."""
        return _("Draft a reminder")


RULES = (SecondOrderMissing(), DueAgain())
