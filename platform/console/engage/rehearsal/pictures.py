"""The charts of a rehearsal: people by date, and who buys anyway with the range for a launch now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import altair as alt
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from campaigns.rehearsal.models import Rehearsal
from core import charts, clock
from core.charts import TOKENS, Chart
from core.figures import percent


def reach_chart(dates: Sequence[dict[str, Any]]) -> Chart:
    """Draw how many would have been reached on each date, and how many of them bought."""
    names = (_("Reached"), _("Bought"))
    shown = [(_day(d), d["people"], d["buyers"]) for d in reversed(dates)]
    values = [
        {"day": day, "name": name, "people": count}
        for day, *counts in shown
        for name, count in zip(names, counts, strict=True)
    ]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(
            x=alt.X("day:O", sort=None, axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True)),
            xOffset=alt.XOffset("name:N", sort=list(names)),
            y=alt.Y("people:Q", axis=alt.Axis(title=None, tickCount=5, format=",.0f")),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(domain=list(names), range=[TOKENS["muted"], TOKENS["primary"]]),
                legend=alt.Legend(title=None, orient="top", direction="horizontal"),
            ),
            tooltip=[
                alt.Tooltip("day:O", title=_("Date")),
                alt.Tooltip("name:N", title=" "),
                alt.Tooltip("people:Q", title=" ", format=",.0f"),
            ],
        )
    )
    return charts.build(_("People by date"), chart, (_("Date"), *names), tuple(shown), 220)


def share_chart(kept: Rehearsal) -> Chart | None:
    """Draw the share that bought anyway on each date, and the interval for a launch now."""
    found = next((f for f in kept.figures["expected"] if f["key"] == "buyers_anyway"), None)
    dates = [d for d in reversed(kept.figures["dates"]) if d["people"]]
    if found is None or not found["share"] or not dates:
        return None
    past = [{"day": _day(d), "share": d["buyers"] / d["people"]} for d in dates]
    now, next_one = _("a launch now"), found["share"]
    days = [one["day"] for one in past] + [now]
    x = alt.X("day:O", sort=days, axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True))
    axis = alt.Axis(title=None, tickCount=5, format=".1%")
    scale = alt.Scale(zero=False, nice=True)
    tips = [alt.Tooltip("day:O", title=" "), alt.Tooltip("share:Q", title=" ", format=".1%")]
    line = alt.Chart(alt.InlineData(values=past)).encode(
        x=x, y=alt.Y("share:Q", axis=axis, scale=scale), tooltip=tips
    )
    ahead = alt.Chart(
        alt.InlineData(
            values=[
                {"day": now, "share": next_one["value"], "low": next_one["low"], "high": next_one["high"]}
            ]
        )
    ).encode(x=x, tooltip=tips)
    chart = (
        line.mark_line(strokeWidth=2.4, color=TOKENS["muted"])
        + line.mark_point(filled=True, size=60, opacity=1, color=TOKENS["muted"])
        + ahead.mark_rule(strokeWidth=4, strokeCap="round", color=TOKENS["primary"]).encode(
            y=alt.Y("low:Q", axis=axis, scale=scale), y2="high:Q"
        )
        + ahead.mark_point(filled=True, size=110, opacity=1, color=TOKENS["primary"]).encode(
            y=alt.Y("share:Q", axis=axis, scale=scale)
        )
    )
    rows = (
        *((one["day"], percent(one["share"]), "", "") for one in past),
        (now, *(percent(next_one[name]) for name in ("value", "low", "high"))),
    )
    columns = (_("Date"), _("Bought"), _("From"), _("To"))
    return charts.build(
        _("Who buys anyway, with the range for a launch now"), chart, columns, tuple(rows), 220
    )


def _day(one: dict[str, Any]) -> str:
    return date_format(datetime.fromisoformat(one["at"]).astimezone(clock.shop_zone()), "SHORT_DATE_FORMAT")
