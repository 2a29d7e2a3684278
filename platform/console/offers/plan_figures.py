"""A plan's figures in pictures and words: its state, the curve of gain against budget, what it goes by."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import altair as alt
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Job
from campaigns.targeting.models import OfferPlan, PlannedOffer
from console.data.jobs import view_of
from console.offers.base import State
from core import charts
from core.charts import TOKENS
from core.figures import money_text, number, percent

Why = PlannedOffer.Why
_MONEY = {"gain", "cost", "certain", "anyway"}


def plan_state(plan: OfferPlan, now: datetime) -> State:
    """Say where a plan is on its way."""
    job = plan.job
    if plan.launched_at is not None:
        return State("launched", _("on its way"), "ok")
    if job is not None and view_of(job, now)["open"]:
        return State("computing", _("being computed"), "info")
    if job is not None and job.state == Job.State.FAILED:
        return State("failed", _("could not be computed"), "bad")
    if plan.summary:
        return State("computed", _("computed"), "info")
    return State("new", _("not computed yet"), "plain")


def money_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary with its amounts as numbers; an empty one stays empty."""
    found = {name: Decimal(v) if name in _MONEY else v for name, v in summary.items()}
    if "values" in found:
        found["values"] = [money_of(value) for value in found["values"]]
    return found


def curve(plan: OfferPlan) -> charts.Chart | None:
    """Draw what each budget would bring, with the plan's own; None where there is nothing to spend on."""
    points = [
        (float(point["budget"]), float(point["gain"]), int(point["people"]))
        for point in plan.summary["curve"]
    ]
    if len(points) < 2 or points[-1][0] <= 0:
        return None
    values = [{"budget": b, "gain": g, "people": n} for b, g, n in points]
    sign = money_text(0, plan.currency, whole=True).replace("0", "").strip()
    label = f"'{sign}' + format(datum.value, ',.0f')" if len(sign) == 1 else "format(datum.value, ',.0f')"
    axis = alt.Axis(labelExpr=label, tickCount=6, titleColor=TOKENS["label"], titleFontWeight="normal")
    base = (
        alt.Chart(alt.InlineData(values=values))
        .mark_area(
            opacity=0.14,
            interpolate="linear",
            color=TOKENS["primary"],
            line={"strokeWidth": 2.2, "opacity": 1, "color": TOKENS["primary"]},
        )
        .encode(
            x=alt.X("budget:Q", axis=axis, title=_spent(plan), scale=alt.Scale(nice=False)),
            y=alt.Y("gain:Q", axis=axis, title=_("Expected gain")),
            tooltip=[
                alt.Tooltip("budget:Q", title=_("Budget"), format=",.2f"),
                alt.Tooltip("gain:Q", title=_("Expected gain"), format=",.2f"),
                alt.Tooltip("people:Q", title=_("People"), format=",.0f"),
            ],
        )
    )
    here = min(float(plan.budget), points[-1][0])
    mark = [{"budget": here, "name": _("this plan")}]
    rule = (
        alt.Chart(alt.InlineData(values=mark))
        .mark_rule(strokeDash=[4, 3], strokeWidth=1.6, color=TOKENS["accent"])
        .encode(x="budget:Q")
    )
    right = here > 0.7 * points[-1][0]
    text = (
        alt.Chart(alt.InlineData(values=mark))
        .mark_text(
            align="right" if right else "left",
            dx=-6 if right else 6,
            baseline="top",
            color=TOKENS["ink"],
            y=4,
        )
        .encode(x="budget:Q", text="name:N")
    )
    rows = tuple(
        (money_text(Decimal(str(b)), plan.currency), money_text(Decimal(str(g)), plan.currency), number(n))
        for b, g, n in points
    )
    columns = (_("Budget"), _("Expected gain"), _("People"))
    return charts.build(_("What each budget would bring"), base + rule + text, columns, rows, 260)


def _spent(plan: OfferPlan) -> str:
    if plan.basis == OfferPlan.Basis.CERTAIN:
        return _("Budget: discounts if everybody redeems")
    return _("Budget: expected discounts")


def evidence(plan: OfferPlan) -> str:
    """Say by what the plan chose, and why not by something better."""
    summary, found = plan.summary, plan.summary.get("evidence")
    if summary["method"] == "rules":
        return _("By segment: everybody gets the first value that is open to them, as far as it gains.")
    if summary["method"] == "uplift" and found:
        return _(
            "By uplift: %(rows)s people of earlier offers, some of them left alone by chance, show whom an "
            "offer makes buy. On people it had not seen it did better than chance, than the chance to buy, "
            "and than any single figure; the best third bought %(best)s more often."
        ) % {"rows": number(found["rows"]), "best": percent(found["at_30"])}
    if not summary.get("scored"):
        return _(
            "Nobody has a redemption score yet, so everybody is taken to redeem: gain and discounts are what "
            "they could be at most. Train the scores first for a plan that tells people apart."
        )
    if not found:
        return _("By predicted redemption and the chance of buying anyway.")
    why = {
        "few": ngettext(
            "only %(count)s purchase is known of the smaller group, and 100 are needed",
            "only %(count)s purchases are known of the smaller group, and 100 are needed",
            found["outcomes"],
        )
        % {"count": number(found["outcomes"])},
        "no_gain": _("it did no better than chance"),
        "no_better_than_response": _("it did no better than the chance of buying"),
        "no_better_than_single": _("a single figure, “%(name)s”, does as well: a segment is enough")
        % {"name": _feature(found["single"])},
    }.get(found["reason"], found["reason"])
    return _(
        "By predicted redemption and the chance of buying anyway. What offers change could not be used yet: "
        "%(why)s. The people left alone by this plan will teach it."
    ) % {"why": why}


def _feature(name: str) -> str:
    names = {
        "buys": _("chance of buying"),
        "redeems": _("chance of redeeming"),
        "basket": _("usual basket"),
        "orders": _("orders"),
        "orders_90d": _("orders in 90 days"),
        "recency_days": _("days since the last order"),
        "gap_days": _("days between orders"),
        "discount_share": _("share bought at a discount"),
    }
    return names.get(name, name)


def why_rows(summary: dict[str, Any]) -> list[tuple[str, int]]:
    """Return how many get nothing, by reason; reasons of nobody are left out."""
    counts = summary.get("why") or {}
    labels = {
        Why.BUDGET: _("the budget brings more elsewhere"),
        Why.LOSES: _("every value would cost more than it brings"),
        Why.CLOSED: _("no value is open to them"),
        Why.REFUSED: _("refused to be profiled"),
    }
    return [(label, counts[key]) for key, label in labels.items() if counts.get(key)]
