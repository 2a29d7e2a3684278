"""Names of personas in the reader's language, made from what sets them apart."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from profiles.models import Persona

#: feature: the words when very low, low, high, very high.
WORDS: dict[str, tuple[str, str, str, str]] = {
    "recency_days": (
        noop("bought very lately"), noop("bought lately"), noop("long away"), noop("very long away"),
    ),
    "baskets_per_week": (
        noop("very rare visits"), noop("rare visits"), noop("frequent visits"), noop("very frequent visits"),
    ),
    "basket_value": (
        noop("very small baskets"), noop("small baskets"), noop("big baskets"), noop("very big baskets"),
    ),
    "basket_items": (
        noop("very few items a basket"), noop("few items a basket"),
        noop("many items a basket"), noop("very many items a basket"),
    ),
    "distinct_items": (
        noop("very narrow choice"), noop("narrow choice"), noop("wide choice"), noop("very wide choice"),
    ),
    "discount_share": (
        noop("very low discount use"), noop("low discount use"),
        noop("high discount use"), noop("very high discount use"),
    ),
    "weekend_share": (
        noop("nearly only on weekdays"), noop("mostly on weekdays"),
        noop("mostly at weekends"), noop("nearly only at weekends"),
    ),
}  # fmt: skip
_LEVELS = ("very_low", "low", "high", "very_high")
_NUMBERED = re.compile(r" \(\d+\)$")


def name_of(traits: Sequence[Mapping[str, Any]]) -> str:
    """Return the name that traits `{"feature", "level"}` give, in the active language."""
    words = [_(WORDS[t["feature"]][_LEVELS.index(t["level"])]) for t in traits if t["feature"] in WORDS]
    if not words:
        return _("Like most customers")
    text = _(", ").join(words)
    return text[0].upper() + text[1:]


def default_name(traits: Sequence[Mapping[str, Any]], library_name: str) -> str:
    """Return the English name that is stored, numbered where the library numbered it to tell two apart."""
    with translation.override("en"):
        name = name_of(traits)
    numbered = _NUMBERED.search(library_name)
    return name + (numbered.group() if numbered else "")


def display_name(persona: Persona) -> str:
    """Return the name a person gave it, or the one its traits give in the active language."""
    if persona.name_edited:
        return persona.name
    numbered = _NUMBERED.search(persona.name)
    return name_of(persona.traits) + (numbered.group() if numbered else "")
