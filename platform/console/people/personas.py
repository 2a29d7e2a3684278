"""Personas: who they are, where they lie on the map, what sets them apart, and who moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from console.page import Page
from console.people.pictures import scatter
from console.people.work import PERMISSION, may_work
from console.segments.links import builder_with
from core import clock
from core.figures import money_text, number, percent
from profiles import persona_cards, selectors
from profiles.models import Clustering, Persona
from profiles.persona_cards import FURTHEST, Bar, Figures
from profiles.personas import display_name
from profiles.services import rename_persona

#: There are as many colours as personas at most; a number keeps its colour while others come and go.
COLOURS = 8
NAMES = {
    "recency_days": gettext_lazy("days since the last order"),
    "baskets_per_week": gettext_lazy("orders a week"),
    "basket_value": gettext_lazy("average basket"),
    "basket_items": gettext_lazy("items a basket"),
    "distinct_items": gettext_lazy("different products"),
    "discount_share": gettext_lazy("discount share"),
    "weekend_share": gettext_lazy("weekend share"),
}
DAYPARTS = {
    "night": gettext_lazy("at night"),
    "morning": gettext_lazy("in the morning"),
    "afternoon": gettext_lazy("in the afternoon"),
    "evening": gettext_lazy("in the evening"),
}


@dataclass(frozen=True, slots=True)
class Trait:
    """One bar of a card: a figure against everybody's. `reach` is from 0 to 1 to the side of `more`."""

    name: Any
    value: str
    everybody: str
    reach: float
    more: bool
    notable: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One persona as it is shown."""

    persona: Persona
    name: str
    colour: int
    figures: Figures
    traits: list[Trait]
    daypart: Any
    url: str


class Personas(Page):
    """The map, a card for each persona, and who moved with the last fit."""

    permission_required = ("profiles.view_persona",)
    template_name = "console/people/personas.html"
    title = gettext_lazy("Personas")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what was found, or what is missing for it. About ten queries; the figures are kept."""
        clustering = Clustering.objects.filter(active=True).first()
        context: dict[str, Any] = {"clustering": clustering, **may_work(self.request, "cluster")}
        if clustering is None:
            context["buyers"] = selectors.buyers()
            context["needed"] = selectors.PERSONA_CUSTOMERS
            context["counting"] = not context["buyers"] and selectors.bought_anything()
            context["work_says"] = _("Find personas")
        else:
            cards = _cards(clustering)
            shown = selectors.persona_map()
            colours = {card.persona.number: card for card in cards}
            points = [(x, y, number) for x, y, number in shown["points"] if number in colours]
            context |= {
                "cards": cards,
                "map": scatter(
                    [(x, y, colours[number].name) for x, y, number in points],
                    [(card.name, card.colour, card.figures.people, card.figures.share) for card in cards],
                ),
                "points": len(points),
                "tried": _tried(clustering),
                "moved": _moved(shown["moved"], {n: card.name for n, card in colours.items()}),
                "may_rename": self.request.user.has_perm(PERMISSION),
            }
        return super().get_context_data(**context, **kwargs)


def _cards(clustering: Clustering) -> list[Card]:
    cards = []
    names = _told_apart(persona_cards.personas(clustering))
    taken: set[int] = set()
    for persona, figures, name in names:
        colour = (persona.number - 1) % COLOURS + 1
        while colour in taken and len(taken) < COLOURS:
            colour = colour % COLOURS + 1
        taken.add(colour)
        rule = {"all": [{"field": "profile.persona", "op": "eq", "value": persona.number}]}
        cards.append(
            Card(
                persona=persona,
                name=name,
                colour=colour,
                figures=figures,
                traits=[_trait(bar) for bar in figures.bars],
                daypart=DAYPARTS.get(figures.daypart, ""),
                url=builder_with(rule, name),
            )
        )
    return cards


def _told_apart(found: Sequence[tuple[Persona, Figures]]) -> list[tuple[Persona, Figures, str]]:
    """Add the number to names that two personas share, as people may give the same one twice."""
    names = [display_name(persona) for persona, _figures in found]
    return [
        (persona, figures, f"{name} ({persona.number})" if names.count(name) > 1 else name)
        for (persona, figures), name in zip(found, names, strict=True)
    ]


def _trait(bar: Bar) -> Trait:
    return Trait(
        name=NAMES[bar.feature],
        value=_written(bar.feature, bar.mean),
        everybody=_written(bar.feature, bar.everybody),
        reach=min(abs(bar.deviation) / FURTHEST, 1.0),
        more=bar.deviation > 0,
        notable=abs(bar.deviation) >= 0.4,
    )


def _written(feature: str, value: float) -> str:
    if feature == "basket_value":
        return money_text(value)
    if feature.endswith("_share"):
        return percent(value, 0)
    return number(value, 0 if value >= 20 else 1)


def _tried(clustering: Clustering) -> list[dict[str, Any]]:
    """Return the numbers of groups that were tried, with how distinct and stable each was."""
    return [{**one, "chosen": one.get("k") == clustering.k} for one in clustering.parameters.get("tried", [])]


def _moved(found: Mapping[str, Any] | None, names: Mapping[int, str]) -> dict[str, Any] | None:
    """Return who moved with the last fit, in words; None where there was none before."""
    if not found or not found["before"]:
        return None
    gone = _("a persona that is gone")
    moves = [
        (names.get(move["from"], gone), names.get(move["to"], gone), move["customers"])
        for move in found["moves"]
    ]
    return {**found, "moves": moves, "share": found["stayed"] / found["before"]}


class Rename(PermissionRequiredMixin, View):
    """Give a persona a name of one's own, or the one its traits make back."""

    permission_required = (PERMISSION,)
    raise_exception = True

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Store it, and show it where it was edited."""
        user: Any = request.user
        persona = get_object_or_404(Persona, pk=pk)
        stored = rename_persona(persona, request.POST.get("name", ""), now=clock.now(), user=user)
        messages.success(request, _("It is called “%(name)s” now.") % {"name": display_name(stored)})
        answer = redirect("admin:personas")
        answer["Location"] += f"#persona-{stored.number}"
        return answer
