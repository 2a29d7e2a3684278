"""What earlier campaigns say of the words of a test's arms: for the wizard, the test's page, the report."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns.experiments.models import Variant
from campaigns.learning.copy_reading import BODY, SUBJECT
from campaigns.tuning.copy import expected_of

_NAMES = {
    "offer": gettext_noop("begins with the offer"),
    "product": gettext_noop("begins with the product"),
    "length": gettext_noop("twenty characters longer"),
    "urgent": gettext_noop("urges"),
    "personal": gettext_noop("names the person"),
    "question": gettext_noop("asks"),
    "warm": gettext_noop("friendly tone"),
    "playful": gettext_noop("playful tone"),
    "body_offer": gettext_noop("begins with the offer"),
    "body_product": gettext_noop("begins with products"),
    "body_picture": gettext_noop("begins with a picture"),
    "body_length": gettext_noop("forty words longer"),
    "body_products": gettext_noop("three products more"),
    "body_buttons": gettext_noop("one button more"),
    "body_urgent": gettext_noop("urges"),
    "body_personal": gettext_noop("names the person"),
    "body_question": gettext_noop("asks"),
}


def feature_name(name: str) -> str:
    """Return a feature of words in words; one that is not known any more by its key."""
    return _(_NAMES[name]) if name in _NAMES else name


def words_of(variants: Sequence[Variant]) -> dict[str, Any] | None:
    """Return what to expect of each arm by its words, and what that rests on. At most three queries.

    None where arms do not differ in words, or in nothing of which anything is known.
    """
    found = expected_of(variants)
    if found is None:
        return None
    by_name = {lesson.feature: lesson for lesson in found.lessons}
    parts = [
        (title, [(feature_name(name), by_name[name]) for name in features if name in by_name])
        for title, features in ((_("Subject"), SUBJECT), (_("Body"), BODY))
    ]
    return {
        "campaigns": found.campaigns,
        "arms": [{"name": v.name, "guess": found.arms[v.key]} for v in variants if v.key in found.arms],
        "parts": [(title, lessons) for title, lessons in parts if lessons],
    }
