"""People of whom something is known right now: a cart, a wish, a birthday, a beginning."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Product
from console.home.models import Suggestion
from console.home.suggestions.base import FEWEST, Found, Shop, count
from events.catalogue import interested

#: A product that came back in the last days is news to those who looked at it in the last weeks.
BACK = timedelta(days=7)
WANTED = timedelta(days=60)
#: Products of which a segment's rule can name all.
NAMED = 20


class CartsLeft:
    """Carts that nobody paid for, where nothing reminds of them yet."""

    key = "carts_left"
    icon = "shopping_cart"
    segment = "cart-abandoners"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Count the ready-made segment."""
        people = shop.of_segment(self.segment)
        if people and people.number:
            begin = {"ready": "cart"}
            yield Found(people.number, people.facts, worth=people.worth, segment=self.segment, begin=begin)

    def title(self, one: Suggestion) -> str:
        """Say how many."""
        return ngettext(
            "%(people)s person left a cart this week", "%(people)s people left a cart this week", one.people
        ) % {"people": count(one.people)}

    def why(self, one: Suggestion) -> str:
        """Say what is missing."""
        return _("Nothing reminds them. A message an hour later is the campaign that pays soonest.")

    def button(self, one: Suggestion) -> str:
        """Set the reminder up."""
        return _("Set up the reminder")


_CAME_BACK = """
SELECT DISTINCT e.product_id FROM events_event e JOIN catalog_product p ON p.id = e.product_id
 WHERE e.type = 'back_in_stock' AND e.occurred_at >= %(since)s AND e.occurred_at < %(as_of)s
   AND p.active AND (p.stock IS NULL OR p.stock > 0)
"""


class WantedIsBack:
    """Products that can be had again, and those who looked at them."""

    key = "back_in_stock"
    icon = "inventory"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Join what came back with who wanted it and has not bought since. Two queries by index."""
        back = [pk for (pk,) in shop.rows(_CAME_BACK, since=shop.as_of - BACK)]
        wanting = interested(back, since=shop.as_of - WANTED, as_of=shop.as_of) if back else []
        wanted: dict[int, set[int]] = {}
        for one in wanting:
            wanted.setdefault(one.product_id, set()).add(one.customer_id)
        most = sorted(wanted, key=lambda pk: (-len(wanted[pk]), pk))[:NAMED]
        names = Product.objects.in_bulk(most)
        if not most:
            return
        events = [
            {"event": event, "product": [names[pk].sku for pk in most], "within_days": WANTED.days}
            for event in ("view", "add_to_cart")
        ]
        never = {
            "event": "purchase", "product": [names[pk].sku for pk in most], "within_days": WANTED.days,
            "never": True,
        }  # fmt: skip
        rule = {"all": [{"any": events}, never]}
        people = shop.of_rule(rule)
        if people and people.number:
            yield Found(
                people.number,
                {**people.facts, "products": len(wanted), "name": names[most[0]].name},
                worth=people.worth,
                audience=rule,
                begin={"ready": "back_in_stock"},
            )

    def title(self, one: Suggestion) -> str:
        """Say how many wait."""
        return ngettext(
            "%(people)s person wanted what is back in stock",
            "%(people)s people wanted what is back in stock",
            one.people,
        ) % {"people": count(one.people)}

    def why(self, one: Suggestion) -> str:
        """Name the product most wanted."""
        return ngettext(
            "“%(name)s” can be had again; they looked at it and have not bought it.",
            "“%(name)s” and others, %(products)d products in all, can be had again; they looked and have not"
            " bought.",
            one.fact("products"),
        ) % {"name": one.fact("name"), "products": one.fact("products")}

    def button(self, one: Suggestion) -> str:
        """Tell them."""
        return _("Set up the message")


class BirthdayThisWeek:
    """Birthdays of the coming seven days."""

    key = "birthdays"
    icon = "cake"
    segment = "birthday-this-week"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Count the ready-made segment."""
        people = shop.of_segment(self.segment)
        if people and people.number:
            begin = {"ready": "birthday"}
            yield Found(people.number, people.facts, worth=people.worth, segment=self.segment, begin=begin)

    def title(self, one: Suggestion) -> str:
        """Say how many."""
        return ngettext(
            "%(people)s customer has a birthday this week",
            "%(people)s customers have their birthday this week",
            one.people,
        ) % {"people": count(one.people)}

    def why(self, one: Suggestion) -> str:
        """Say what would be done."""
        return _("Today or in the six days after. Congratulate them on the day, by their own clock.")

    def button(self, one: Suggestion) -> str:
        """Set the congratulation up."""
        return _("Set up the greeting")


class NewWithoutWelcome:
    """Newcomers whom nothing welcomes."""

    key = "no_welcome"
    icon = "waving_hand"
    days = 7

    def find(self, shop: Shop) -> Iterable[Found]:
        """Count who came in the last seven days and may be written to."""
        rule = {
            "all": [
                {"field": "customer.created_at", "op": "within_days", "value": self.days},
                {"field": "customer.has_email", "op": "eq", "value": True},
                {"field": "consent.email", "op": "eq", "value": True},
            ]
        }
        people = shop.of_rule(rule)
        if people and people.number >= FEWEST:
            yield Found(
                people.number, people.facts, worth=people.worth, audience=rule, begin={"ready": "welcome"}
            )

    def title(self, one: Suggestion) -> str:
        """Say how many."""
        return ngettext(
            "%(people)s newcomer was not welcomed", "%(people)s newcomers were not welcomed", one.people
        ) % {"people": count(one.people)}

    def why(self, one: Suggestion) -> str:
        """Say when they came."""
        return _("They came in the last seven days and agreed to e-mail, and no campaign says hello.")

    def button(self, one: Suggestion) -> str:
        """Set the welcome up."""
        return _("Set up the welcome")


RULES = (CartsLeft(), WantedIsBack(), BirthdayThisWeek(), NewWithoutWelcome())
