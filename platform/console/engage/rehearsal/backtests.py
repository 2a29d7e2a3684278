"""How rehearsals held: what they said against what then happened."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.rehearsal.backtest import Compared, compare, held
from campaigns.rehearsal.models import Rehearsal
from campaigns.rehearsal.statistics import LEVEL
from campaigns.rehearsal.words import LABELS, MARKS, value_text
from console.engage.rehearsal.page import TONES
from console.page import Page
from core import clock
from core.figures import percent

#: The newest rehearsals that are listed.
LISTED = 20


class Backtests(Page):
    """What rehearsals said against what then happened, over all campaigns."""

    permission_required = ("campaigns.view_campaign",)
    template_name = "console/engage/rehearsal/backtests.html"
    title = gettext_lazy("Rehearsals")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the comparison by figure and by campaign. About six queries."""
        rows = compare(now=clock.now())
        newest_ones = Rehearsal.objects.select_related("campaign", "created_by").defer("figures")
        return super().get_context_data(
            figures=[
                {"label": LABELS[one.key], "one": one, "missed": one.campaigns - one.held}
                for one in held(rows)
            ],
            campaigns=_by_campaign(rows),
            level=LEVEL,
            coverage=sum(r.held for r in rows) / len(rows) if rows else None,
            compared=len(rows),
            newest=list(newest_ones.order_by("-created_at")[:LISTED]),
            **kwargs,
        )


def _by_campaign(rows: Sequence[Compared]) -> list[dict[str, Any]]:
    """Return the comparisons of each campaign, the newest first."""
    found: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        entry = found.setdefault(
            row.campaign.pk, {"campaign": row.campaign, "rehearsed_at": row.rehearsed_at, "figures": []}
        )
        entry["figures"].append(
            {
                "label": LABELS[row.key],
                "mark_name": MARKS[row.mark],
                "tone": TONES[row.mark],
                "said": _span_text(row),
                "happened": _text(row, row.happened),
                "held": row.held,
            }
        )
    for entry in found.values():
        count = sum(one["held"] for one in entry["figures"])
        entry["sentence"] = ngettext(
            "%(held)d of %(n)d figure came to lie in its range.",
            "%(held)d of %(n)d figures came to lie in their ranges.",
            len(entry["figures"]),
        ) % {"held": count, "n": len(entry["figures"])}
    return list(found.values())


def _span_text(row: Compared) -> str:
    if row.low == row.high:
        return _text(row, row.value)
    return _("%(low)s to %(high)s") % {"low": _text(row, row.low), "high": _text(row, row.high)}


def _text(row: Compared, value: float) -> str:
    if row.share:
        return str(percent(value))
    unit = "money" if row.key == "extra_revenue" else "people"
    return value_text({"value": value, "unit": unit})
