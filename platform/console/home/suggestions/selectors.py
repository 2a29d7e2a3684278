"""What home suggests to one person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import ngettext

from accounts.models import User
from campaigns.models import Campaign
from campaigns.planning.ready_made import READY_MADE
from console.home.models import Dismissal, Suggestion
from console.home.suggestions import RULES
from console.home.suggestions.base import count
from console.home.suggestions.services import segment_slug

SHOWN = 6
#: An audience that was just written to is left in peace for so long.
REST = timedelta(days=14)
#: What a ready-made waits for, so that a campaign made by hand counts as one too.
_WAITS = {
    key: made.schedule["trigger_event"].value
    for key, made in READY_MADE.items()
    if "trigger_event" in made.schedule
}


@dataclass(frozen=True, slots=True)
class Idea:
    """A suggestion in words. With `url` the button leads there, otherwise it makes a draft."""

    pk: int
    icon: str
    title: str
    why: str
    expected: str
    button: str
    url: str


@dataclass(frozen=True, slots=True)
class Ideas:
    """What to show, how much more there is, how much the person put aside, and as of when."""

    shown: list[Idea]
    aside: int
    as_of: datetime | None


def ideas(user: User, *, now: datetime) -> Ideas:
    """Return what is worth doing for somebody: nothing put aside, nothing under way. Three queries."""
    found = list(Suggestion.objects.all())
    hidden = set(
        Dismissal.objects.filter(Q(until=None) | Q(until__gt=now), user=user).values_list("key", flat=True)
    )
    busy = _under_way(now)
    open_ones = [one for one in found if one.rule in RULES and not busy(one)]
    shown = [one for one in open_ones if one.key not in hidden]
    return Ideas(
        shown=[_idea(one) for one in shown[:SHOWN]],
        aside=len(open_ones) - len(shown),
        as_of=max((one.as_of for one in found), default=None),
    )


def _under_way(now: datetime):  # type: ignore[no-untyped-def]
    """Return whether somebody plans or runs what a suggestion is about, or did so in the last days."""
    rows = Campaign.objects.filter(
        Q(finished_at=None) | Q(finished_at__gt=now - REST), archived_at=None
    ).exclude(state=Campaign.State.CANCELLED)
    audiences: set[str] = set()
    waits: set[str] = set()
    for segment, trigger, event, ready in rows.values_list(
        "segment__slug", "trigger_segment__slug", "trigger_event", "ready_made"
    ):
        audiences |= {segment, trigger}
        waits |= {event, ready}

    def busy(one: Suggestion) -> bool:
        ready = one.draft.get("ready", "")
        slug = one.draft.get("segment") or segment_slug(one)
        return slug in audiences or bool(ready and ({ready, _WAITS.get(ready, "-")} & waits))

    return busy


def _idea(one: Suggestion) -> Idea:
    rule = RULES[one.rule]
    pool = one.draft.get("pool_page")
    return Idea(
        pk=one.pk,
        icon=rule.icon,
        title=rule.title(one),
        why=rule.why(one),
        expected=_expected(one),
        button=rule.button(one),
        url=reverse("admin:offer_pool", args=[pool]) if pool else "",
    )


def _expected(one: Suggestion) -> str:
    if not (expected := one.fact("expected")):
        return ""
    low, high, campaigns = expected
    return ngettext(
        "By %(campaigns)s past campaign with this goal: likely %(low)s–%(high)s orders.",
        "By %(campaigns)s past campaigns with this goal: likely %(low)s–%(high)s orders.",
        campaigns,
    ) % {"low": count(low), "high": count(high), "campaigns": count(campaigns)}
