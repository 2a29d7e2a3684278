"""Lifetime value over the customers: what is to be expected, of whom, and how sure that is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.page import Page
from console.people.pictures import columns
from console.people.scores import may_score
from console.segments.links import builder_with
from core.figures import money_text, percent
from profiles.models import CustomerScore
from profiles.scores.distributions import Decile, deciles
from profiles.scores.missing import of_shop
from profiles.scores.selectors import active_versions

KIND = CustomerScore.Kind.LIFETIME_VALUE
#: A 95 % interval reaches so many standard deviations to each side.
_REACH = 1.96


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the customers with its share of the expected money, and its segment's address."""

    name: str
    decile: Decile
    share: float
    so_far: float
    low: float
    high: float
    url: str


class LifetimeValues(Page):
    """Expected spend of the next 12 months by tenths of the customers."""

    permission_required = ("profiles.view_customerscore",)
    template_name = "console/people/value.html"
    title = gettext_lazy("Lifetime value")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the tenths and the sum. Three queries."""
        version = active_versions().get(KIND)
        found = deciles()
        context: dict[str, Any] = {"version": version, "missing": of_shop(KIND, version), "found": found}
        if found:
            context |= _told(found)
        check = (version.card.get("check") or {}) if version else {}
        context["check"] = check if "error" in check else None
        return super().get_context_data(**context, **may_score(self.request), **kwargs)


def _told(found: Sequence[Decile]) -> dict[str, Any]:
    whole, people = sum(one.sum for one in found), sum(one.people for one in found)
    reach = _REACH * math.sqrt(sum(one.spread**2 for one in found))
    tenths = _tenths(found, whole)
    return {
        "tenths": tenths,
        "whole": whole,
        "low": max(0.0, whole - reach),
        "high": whole + reach,
        "people": people,
        "mean": whole / people,
        "top": tenths[0],
        "picture": columns(
            _("Expected spend of the next 12 months, by tenths of the customers"),
            [(one.name, one.decile.sum, _worth(one)) for one in tenths],
            names=(_("Tenth"), _("Expected spend")),
        ),
    }


def _worth(one: Tenth) -> str:
    return f"{money_text(one.decile.sum, whole=True)} · {percent(one.share, 0)}"


def _tenths(found: Sequence[Decile], whole: float) -> list[Tenth]:
    tenths, so_far, above = [], 0.0, None
    for one in found:
        so_far += one.sum
        # A limit in whole cents, rounded down: who stands on it belongs to the better tenth.
        limit = math.floor(one.least * 100) / 100
        reach = _REACH * one.spread
        name = _name(one)
        tenths.append(
            Tenth(
                name=name,
                decile=one,
                share=one.sum / (whole or 1),
                so_far=so_far / (whole or 1),
                low=max(0.0, one.sum - reach),
                high=one.sum + reach,
                url=builder_with(_rule(limit, above), name),
            )
        )
        above = limit
    return tenths


def _rule(limit: float, above: float | None) -> dict[str, Any]:
    field = f"score.{KIND.value}"
    bounds = [{"field": field, "op": "gte", "value": limit}]
    if above is not None:
        bounds.append({"field": field, "op": "lt", "value": above})
    return {"all": bounds}


def _name(one: Decile) -> str:
    if one.number == 1:
        return _("Top %(share)s") % {"share": "10%"}
    return f"{(one.number - 1) * 10}–{one.number * 10}%"
