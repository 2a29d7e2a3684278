"""The pictures of the loop: what campaigns caused as it adds up, and whom offers change."""

from collections.abc import Sequence

import altair as alt
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from campaigns.impact import Moment
from campaigns.learning.copy_features import Guess
from core import charts
from core.figures import money_text, percent

_T = charts.TOKENS


def caused(moments: Sequence[Moment]) -> charts.Chart | None:
    """Draw the sum of what campaigns caused with its likely range; None for fewer than two moments."""
    rows = [(one.at, one.incremental) for one in moments if one.incremental is not None]
    if len(rows) < 2:
        return None
    values = [
        {"at": at.isoformat(), "value": float(s.value), "low": float(s.low), "high": float(s.high)}
        for at, s in rows
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("at:T", axis=alt.Axis(title=None, format=charts.day_format(), grid=False, labelOverlap=True))
    )
    axis = alt.Axis(title=None, tickCount=5, format=",.0f")
    zero = (
        alt.Chart(alt.InlineData(values=[{"zero": 0}]))
        .mark_rule(strokeDash=[4, 3], color=_T["label"])
        .encode(y="zero:Q")
    )
    band = base.mark_area(opacity=0.16, color=_T["primary"]).encode(y=alt.Y("low:Q", axis=axis), y2="high:Q")
    line = base.mark_line(color=_T["primary"], strokeWidth=2.4).encode(
        y="value:Q",
        tooltip=[
            alt.Tooltip("at:T", title=" "),
            *(alt.Tooltip(f"{name}:Q", title=" ", format=",.0f") for name in ("value", "low", "high")),
        ],
    )
    table = tuple(
        (date_format(at, "SHORT_DATE_FORMAT"), *(money_text(v, whole=True) for v in (s.value, s.low, s.high)))
        for at, s in rows
    )
    columns = (_("By"), _("Caused"), _("At least"), _("At most"))
    return charts.build(_("Revenue that campaigns caused, added up"), band + zero + line, columns, table, 240)


def qini(curve: Sequence[Sequence[float]]) -> charts.Chart | None:
    """Draw the Qini curve: what offers bring when given to those first whom they change most."""
    if len(curve) < 2:
        return None
    last = curve[-1][1]
    values = [{"share": x, "gain": y, "chance": x * last} for x, y in curve]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("share:Q", axis=alt.Axis(title=None, format=".0%", grid=False))
    )
    axis = alt.Axis(title=None, format="+.1%", tickCount=5)
    own = base.mark_line(color=_T["primary"], strokeWidth=2.4).encode(
        y=alt.Y("gain:Q", axis=axis),
        tooltip=[
            alt.Tooltip("share:Q", title=" ", format=".0%"),
            alt.Tooltip("gain:Q", title=" ", format="+.1%"),
        ],
    )
    even = base.mark_line(color=_T["label"], strokeDash=[4, 3]).encode(y="chance:Q")
    table = tuple((percent(x, 0), percent(y), percent(x * last)) for x, y in curve)
    columns = (_("Given to"), _("More purchases, those most changed first"), _("By lot"))
    return charts.build(_("Whom offers change"), own + even, columns, table, 220)


def words(title: str, effects: Sequence[tuple[str, int, Guess]]) -> charts.Chart:
    """Draw what features of words are worth with their likely ranges, and from how many campaigns each is."""
    ranges = [
        charts.Range(
            f"{name} ({campaigns})", one.low, one.lift, one.high,
            "muted" if one.low <= 0 <= one.high else "primary",
        )
        for name, campaigns, one in effects
    ]  # fmt: skip
    return charts.forest(title, ranges, columns=(_("Difference"), _("From"), _("To")), form="+.0%")
