"""People who have gone quiet: those who spent much, and those of a persona that slips away."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.planning.models import Goal
from console.home.models import Suggestion
from console.home.suggestions.base import FEWEST, Found, Shop, count, days, money
from core.figures import percent
from profiles.models import Persona
from profiles.personas import display_name

#: A persona slips away when so many times the shop's share of it lapses, and so many people.
TIMES_THE_SHOP = 1.25
MANY = 20


class BigSpendersQuiet:
    """Who spent much and has not been seen for long."""

    key = "big_spenders_quiet"
    icon = "loyalty"
    segment = "win-back"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Count the ready-made segment."""
        people = shop.of_segment(self.segment)
        if people and people.number >= FEWEST:
            begin = {"goal": Goal.WIN_BACK.value}
            yield Found(people.number, people.facts, worth=people.worth, segment=self.segment, begin=begin)

    def title(self, one: Suggestion) -> str:
        """Say how many."""
        return ngettext(
            "%(people)s big spender has gone quiet", "%(people)s big spenders have gone quiet", one.people
        ) % {"people": count(one.people)}

    def why(self, one: Suggestion) -> str:
        """Say what they were worth and for how long they are away."""
        return _("They spent %(basket)s per order and have not been back for %(days)s on average.") % {
            "basket": money(one.fact("basket")),
            "days": days(one.fact("away") or 0),
        }

    def button(self, one: Suggestion) -> str:
        """Win them back."""
        return _("Draft a win-back")


_SLIPPING = """
SELECT p.persona_id, count(*) FILTER (WHERE p.lifecycle = 'lapsing') AS lapsing, count(*) AS people,
       sum(count(*) FILTER (WHERE p.lifecycle = 'lapsing')) OVER ()::float8
         / nullif(sum(count(*)) OVER (), 0) AS of_the_shop
  FROM profiles_customerprofile p
 WHERE p.persona_id IS NOT NULL AND p.orders > 0
 GROUP BY 1
"""


class PersonaSlipsAway:
    """The persona of which more lapse than elsewhere."""

    key = "persona_lapsing"
    icon = "trending_down"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Compare each persona's share with the shop's; the most people first, one at most."""
        slipping = [
            (lapsing, people, persona, whole)
            for persona, lapsing, people, whole in shop.rows(_SLIPPING)
            if whole and lapsing >= MANY and lapsing / people >= TIMES_THE_SHOP * whole
        ]
        if not slipping:
            return
        lapsing, of, pk, whole = max(slipping)
        number = Persona.objects.values_list("number", flat=True).get(pk=pk)
        rule = {
            "all": [
                {"field": "profile.persona", "op": "eq", "value": number},
                {"field": "profile.lifecycle", "op": "eq", "value": "lapsing"},
            ]
        }
        people = shop.of_rule(rule)
        if people and people.number >= FEWEST:
            yield Found(
                people.number,
                {**people.facts, "persona": pk, "of": of, "share": lapsing / of, "shop": whole},
                about=str(number),
                worth=people.worth,
                audience=rule,
                begin={"goal": Goal.WIN_BACK.value},
            )

    def title(self, one: Suggestion) -> str:
        """Name the persona."""
        return _("%(people)s of “%(persona)s” are slipping away") % {
            "people": count(one.people),
            "persona": _persona(one),
        }

    def why(self, one: Suggestion) -> str:
        """Compare with the shop."""
        return _(
            "They have been silent for more than twice their rhythm: %(share)s of this group, %(shop)s of all"
            " customers."
        ) % {"share": percent(one.fact("share"), 0), "shop": percent(one.fact("shop"), 0)}

    def button(self, one: Suggestion) -> str:
        """Win them back."""
        return _("Draft a win-back")


def _persona(one: Suggestion) -> str:
    found = Persona.objects.filter(pk=one.fact("persona")).first()
    return display_name(found) if found else "–"


RULES = (BigSpendersQuiet(), PersonaSlipsAway())
