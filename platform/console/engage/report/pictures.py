"""The report's charts: the first hours, the days after, and the groups of the audience."""

from collections.abc import Sequence

import altair as alt
from django.utils.translation import gettext as _

from campaigns.reports.figures import Day, Hour
from core import charts
from core.charts import TOKENS, Chart

#: Hours that are drawn; what comes later stands in the table of days.
FIRST_HOURS = 48


def first_hours(hours: Sequence[Hour]) -> Chart | None:
    """Draw how many people opened and clicked for the first time, hour by hour after their message left."""
    found = {one.hour: one for one in hours}
    last = min(max((hour for hour in found), default=-1), FIRST_HOURS - 1)
    if last < 0:
        return None
    names = (_("Opened"), _("Clicked"))
    shown = [found.get(hour, Hour(hour, 0, 0)) for hour in range(last + 1)]
    values = [
        {"hour": one.hour, "name": name, "people": people}
        for one in shown
        for name, people in zip(names, (one.opened, one.clicked), strict=True)
    ]
    tones = [TOKENS["muted"], TOKENS["primary"]]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(
            x=alt.X("hour:O", axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True, labelExpr=_hour())),
            xOffset=alt.XOffset("name:N", sort=list(names)),
            y=alt.Y("people:Q", axis=alt.Axis(title=None, tickCount=5, format=",.0f")),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(domain=list(names), range=tones),
                legend=alt.Legend(title=None, orient="top", direction="horizontal"),
                sort=None,
            ),
            tooltip=[
                alt.Tooltip("hour:O", title=_("Hours after")),
                alt.Tooltip("name:N", title=" "),
                alt.Tooltip("people:Q", title=" ", format=",.0f"),
            ],
        )
    )
    rows = tuple((f"+{one.hour}", one.opened, one.clicked) for one in shown)
    return charts.build(_("The first hours"), chart, (_("Hours after"), *names), rows, 220)


def _hour() -> str:
    return f"'+' + datum.value + '{_('h')}'"


def days_after(days: Sequence[Day], *, treated: int, held: int, upto: int) -> Chart | None:
    """Draw the share who ordered, day by day after their message: those written to and those held out."""
    sides = [(_("Written to"), False, treated, "primary"), (_("Held out"), True, held, "muted")]
    shown = [(name, side, people, tone) for name, side, people, tone in sides if people]
    if not days or not shown or upto < 1:
        return None
    buyers = {(day.held_out, day.day): day.buyers for day in days}
    values, rows = [], []
    sums = dict.fromkeys((False, True), 0)
    for day in range(upto):
        row: list[object] = [day + 1]
        for name, side, people, _tone in shown:
            sums[side] += buyers.get((side, day), 0)
            share = sums[side] / people
            values.append({"day": day + 1, "name": name, "share": share})
            row.append(f"{share:.2%}")
        rows.append(tuple(row))
    names = [name for name, *_rest in shown]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(interpolate="step-after", strokeWidth=2.4)
        .encode(
            x=alt.X("day:Q", axis=alt.Axis(title=None, grid=False, tickMinStep=1, format="d")),
            y=alt.Y("share:Q", axis=alt.Axis(title=None, tickCount=5, format=".1%")),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(domain=names, range=[TOKENS[tone] for *_rest, tone in shown]),
                legend=alt.Legend(title=None, orient="top", direction="horizontal"),
                sort=None,
            ),
            tooltip=[
                alt.Tooltip("day:Q", title=_("Day")),
                alt.Tooltip("name:N", title=" "),
                alt.Tooltip("share:Q", title=" ", format=".2%"),
            ],
        )
    )
    title = _("Who ordered, day by day after the message")
    return charts.build(title, chart, (_("Day"), *names), tuple(rows), 220)
