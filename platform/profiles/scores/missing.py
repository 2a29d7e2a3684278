"""Why a score is not given, in words: what is there, what it takes, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from customers.models import Customer
from profiles.models import CustomerScore, ScoreVersion

Kind = CustomerScore.Kind


@dataclass(frozen=True, slots=True)
class Missing:
    """What a score lacks: `found` of `needed` of `what`; `text` says it to a person."""

    kind: str
    what: str
    found: int | None
    needed: int | None
    text: str

    @property
    def share(self) -> float | None:
        """Return how far the shop has come, from 0 to 1; None where it is not a matter of numbers."""
        if not self.needed or self.found is None:
            return None
        return min(self.found / self.needed, 1.0)


def of_shop(kind: str, version: ScoreVersion | None) -> Missing | None:
    """Say why nobody has this score, or None where the shop has it."""
    if version is None:
        return Missing(kind, "never trained", 0, 1, _("Never trained. Scores are trained every night."))
    if version.known:
        return None
    card: Mapping[str, Any] = version.card
    what, found, needed = card.get("what", ""), card.get("found"), card.get("needed")
    return Missing(kind, what, found, needed, _sentence(kind, what, found, needed))


def of_customer(kind: str, customer: Customer, version: ScoreVersion | None) -> Missing:
    """Say why this customer has no score of this kind: the shop's reason first, then the person's own."""
    if customer.no_profiling:
        return Missing(kind, "objected to profiling", None, None, _("This person objected to profiling."))
    shop = of_shop(kind, version)
    return shop or Missing(kind, "history of this customer", None, None, _own(kind))


def _own(kind: str) -> str:
    match kind:
        case Kind.REDEMPTION:
            return _("Was given no coupon in the 182 days before the last training.")
        case Kind.CLICK:
            return _("Was sent no message in the 182 days before the last training.")
        case Kind.LIFETIME_VALUE:
            return _("Had not bought anything by the last training.")
        case _:
            return _("Did not order in the 365 days before the last training.")


def _sentence(kind: str, what: str, found: int | None, needed: int | None) -> str:
    """Write out the library's words; what it says in words of its own is passed on."""
    numbers = {"found": found or 0, "needed": needed or 0}
    match what:
        case "outcomes of the rarer kind":
            return (
                _("%(found)d of %(needed)d redemptions by people who had been given a coupon.")
                if kind == Kind.REDEMPTION
                else _("%(found)d of %(needed)d clicks by people who had been sent a message.")
                if kind == Kind.CLICK
                else _("%(found)d of %(needed)d people who came back, or stayed away, after a known order.")
            ) % numbers
        case "days of history":
            return _("%(found)d of %(needed)d days of history.") % numbers
        case "separate periods with both outcomes":
            return _("One more period of 28 days in which some do and some do not.")
        case "customers who came back":
            return _("%(found)d of %(needed)d customers who came back.") % numbers
        case "customers with a repeat purchase above zero":
            return _("%(found)d of %(needed)d customers with a paid repeat order.") % numbers
        case "orders":
            return _("There are no orders yet. Import past ones, and scores follow within the hour.")
        case _:
            return what
