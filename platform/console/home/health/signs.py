"""One part's state."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

#: From well to ill; `unknown` is nothing to worry about yet.
ORDER = ("ok", "unknown", "warn", "bad")


@dataclass(frozen=True, slots=True)
class Sign:
    """A part's name, its state (ok, unknown, warn, bad), the state in words, and what to do about it.

    `url` and `button` lead where it is done. `parts` are the single things that the sign sums up.
    """

    name: str
    state: str
    text: str
    todo: str = ""
    url: str = ""
    button: str = ""
    parts: tuple["Sign", ...] = field(default=())


def worst(signs: Iterable[Sign]) -> str:
    """Return the worst state among some signs; well where there are none."""
    return max((sign.state for sign in signs), key=ORDER.index, default="ok")


def ago(age: timedelta) -> str:
    """Say how long something is ago, in its largest unit."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < 120:
        return ngettext("%(n)d second ago", "%(n)d seconds ago", seconds) % {"n": seconds}
    if seconds < 7200:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", seconds // 60) % {"n": seconds // 60}
    if seconds < 172_800:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", seconds // 3600) % {"n": seconds // 3600}
    return ngettext("%(n)d day ago", "%(n)d days ago", seconds // 86_400) % {"n": seconds // 86_400}


def never() -> str:
    """Say that something was not seen yet."""
    return _("not seen yet")
