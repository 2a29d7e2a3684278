"""What a study lacks, in the reader's language: the library says it in English."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: The library's words, and what they are in ours; both keep the numbers.
_SAID = (
    (
        r"a lifecycle needs (?P<needed>\d+) days of history; there are (?P<found>\d+)",
        gettext_lazy("The lifecycle needs %(needed)s days of history; there are %(found)s."),
    ),
    (
        r"classes need (?P<needed>\d+) customers known at both moments; there are (?P<found>\d+)",
        gettext_lazy("Classes need %(needed)s customers known 84 days apart; there are %(found)s."),
    ),
    (
        r"classes need (?P<needed>\d+) days of history.*",
        gettext_lazy("Classes need %(needed)s days of history with orders before them."),
    ),
    (
        r"these customers are nearly all of one class",
        gettext_lazy("Nearly all customers are of one class, so there is nothing to tell apart."),
    ),
    (
        r"fields need (?P<needed>\d+) customers of each outcome within (?P<days>\d+) days",
        gettext_lazy("It takes %(needed)s customers who did and who did not within %(days)s days."),
    ),
    (
        r"nobody searched or wrote a review within a year",
        gettext_lazy("Nobody searched or wrote a review within a year. Send searches and reviews as events."),
    ),
)


def study_missing(text: str) -> str:
    """Return what is missing in the active language; words that are not known are passed on."""
    for pattern, words in _SAID:
        if found := re.fullmatch(pattern, text):
            return str(words) % found.groupdict()
    return _(text) if text else ""
