"""The states of the lifecycle: their order, names, meaning, and the rule that finds who is in one now."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from console.segments.links import builder_with
from profiles.models import CustomerProfile, Lifecycle
from profiles.rules import RHYTHM_ORDERS

PROSPECT = Lifecycle.PROSPECT.value

#: In the order in which a customer goes through them.
NAMES = {
    PROSPECT: _("never bought"),
    "new": _("new"),
    "active": _("active"),
    "repeat": _("regular"),
    "lapsing": _("lapsing"),
    "lapsed": _("lapsed"),
    "won_back": _("won back"),
}
MEANINGS = {
    PROSPECT: _("no order yet"),
    "new": _("first order within 30 days"),
    "active": _("in rhythm, one or two orders"),
    "repeat": _("in rhythm, three orders or more"),
    "lapsing": _("silent for two of their rhythms"),
    "lapsed": _("silent for four of their rhythms"),
    "won_back": _("came back within 60 days"),
}
ORDER = tuple(NAMES)


@dataclass(frozen=True, slots=True)
class Stage:
    """A state with those who are in it now."""

    state: str
    name: Any
    meaning: Any
    people: int
    share: float
    url: str


def stages() -> list[Stage]:
    """Return everybody by state as the profiles say now. One grouped query."""
    rows = (
        CustomerProfile.objects.values_list("lifecycle")
        .annotate(all=Count("pk"), regular=Count("pk", filter=Q(orders__gte=RHYTHM_ORDERS)))
        .order_by()
    )
    found = {state: (whole, regular) for state, whole, regular in rows}
    active, regular = found.get(Lifecycle.ACTIVE, (0, 0))
    people = {state: found.get(state, (0, 0))[0] for state in ORDER}
    people |= {"active": active - regular, "repeat": regular}
    whole = sum(people.values()) or 1
    return [
        Stage(state, NAMES[state], MEANINGS[state], people[state], people[state] / whole, segment(state))
        for state in ORDER
    ]


def segment(state: str) -> str:
    """Return the address of the builder with the rule for who is in a state."""
    stored = "active" if state == "repeat" else state
    rule: list[dict[str, Any]] = [{"field": "profile.lifecycle", "op": "eq", "value": stored}]
    if state in ("active", "repeat"):
        op = "gte" if state == "repeat" else "lt"
        rule.append({"field": "profile.orders", "op": op, "value": RHYTHM_ORDERS})
    name = str(NAMES[state])
    return builder_with({"all": rule}, name[:1].upper() + name[1:])
