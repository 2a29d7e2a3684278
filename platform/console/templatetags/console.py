"""What only the console's pages say."""

from typing import Any

from django import template

from console import empties
from console.content.samples import as_read
from console.data import saved_views as views
from console.learn import tuning
from console.people.classes import CLASS_NAMES
from console.people.states import NAMES
from delivery.preferences.selectors import topic_name
from profiles import personas
from profiles.models import Persona
from profiles.scores import words
from profiles.study_words import study_missing
from recommendations.services.tuning import use_name
from segments.models import Segment
from segments.selectors import display_name

register = template.Library()
register.filter("as_read", as_read)
register.filter("decision_title", tuning.title)
register.filter("decision_note", tuning.note)
register.filter("decision_forecast", tuning.forecast)
register.filter("use_name", use_name)
register.filter("part_name", tuning.part_name)
register.filter("source_name", tuning.source_name)
register.filter("gate_name", tuning.gate_name)
register.filter("model_name", words.model_name)
register.filter("score_meaning", words.meaning)
register.filter("score_about", words.about)
register.filter("study_missing", study_missing)
register.filter("topic", topic_name)


@register.filter
def segment_name(segment: Segment | None) -> str:
    """Return a segment's name, that of a ready-made one in the active language."""
    return display_name(segment) if segment else ""


@register.filter
def persona_name(persona: Persona | None) -> str:
    """Return a persona's name: the one a person gave it, or its traits in the active language."""
    return personas.display_name(persona) if persona else "–"


@register.filter
def state_name(state: str) -> str:
    """Return what a state of the lifecycle is called."""
    return str(NAMES.get(state, state))


@register.filter
def class_name(name: str) -> str:
    """Return what a class of customers is called."""
    return str(CLASS_NAMES.get(name, name))


@register.filter
def css_number(value: float) -> str:
    """Write a length of a picture, whatever the language's decimal mark."""
    return f"{value:.1f}"


@register.inclusion_tag("console/saved_views.html", takes_context=True)
def saved_views(context: Any) -> dict[str, Any]:
    """Show the tabs of saved views over the list of this page. One query."""
    request = context["request"]
    return {"bar": views.bar(request), "request": request, "csrf_token": context.get("csrf_token")}


@register.simple_tag
def empty_of(changelist: Any) -> dict[str, Any] | None:
    """Return what an empty list (`core.admin.Admin`'s) says to the person who asked for it."""
    return empties.empty_of(changelist.opts.label_lower, changelist.asked_by)
