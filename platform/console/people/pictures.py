"""Charts of the people pages, in the theme of core.charts."""

from collections.abc import Sequence

import altair as alt
from django.utils.translation import gettext as _

from core.charts import TOKENS, Chart, build
from core.figures import number, percent


def reliability(points: Sequence[tuple[float, float, int]]) -> Chart:
    """Draw what was said (x) against what came true (y), a point for each tenth of the customers.

    On the dashed line a score means what it says.
    """
    values = [
        {"said": said, "came": came, "people": people, "text": f"{percent(said)} → {percent(came)}"}
        for said, came, people in points
    ]
    top = min(1.0, max((max(said, came) for said, came, _people in points), default=1.0) * 1.1)
    scale = alt.Scale(domain=[0, top], nice=False)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("said:Q", scale=scale, axis=_axis(_("said"))),
        y=alt.Y("came:Q", scale=scale, axis=_axis(_("came true"))),
    )
    line = (
        alt.Chart(alt.InlineData(values=[{"said": 0, "came": 0}, {"said": top, "came": top}]))
        .mark_line(strokeDash=[5, 4], strokeWidth=1.2, color=TOKENS["label"])
        .encode(x="said:Q", y="came:Q")
    )
    chart = (
        line
        + base.mark_line(color=TOKENS["primary"], strokeWidth=2.2)
        + base.mark_point(color=TOKENS["primary"], filled=True, size=70, opacity=1).encode(
            tooltip=[alt.Tooltip("text:N", title=" "), alt.Tooltip("people:Q", title=_("people"))]
        )
    )
    rows = tuple(
        (str(place), percent(said), percent(came), number(people))
        for place, (said, came, people) in enumerate(points, start=1)
    )
    title = _("Does what it says come true?")
    return build(title, chart, (_("Tenth"), _("said"), _("came true"), _("people")), rows, 240)


def _axis(title: str) -> alt.Axis:
    return alt.Axis(
        title=title, format=".0%", tickCount=5, titleColor=TOKENS["label"], titleFontWeight="normal"
    )


def columns(
    title: str, items: Sequence[tuple[str, float, str]], *, names: tuple[str, str], tone: str = "primary"
) -> Chart:
    """Draw an upright column for each (name, value, value in words); `names` head the table."""
    values = [{"name": name, "value": value, "text": text} for name, value, text in items]
    order = [name for name, _value, _text in items]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("name:N", sort=order, axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True)),
        y=alt.Y("value:Q", axis=None, scale=alt.Scale(domainMin=0)),
        tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")],
    )
    chart = base.mark_bar(
        color=TOKENS[tone], cornerRadiusTopLeft=4, cornerRadiusTopRight=4, width={"band": 0.72}
    ) + base.mark_text(dy=-8, color=TOKENS["ink"], fontSize=12).encode(text="text:N")
    return build(title, chart, names, tuple((name, text) for name, _value, text in items), 220)


def scatter(
    points: Sequence[tuple[float, float, str]], groups: Sequence[tuple[str, int, int, float]]
) -> Chart:
    """Draw customers as points (x, y, group), coloured by group; the table has the groups' plain numbers.

    `groups` are (name, colour from 1 to 8, people, share). The axes have no unit: near is alike.
    """
    values = [{"x": round(x, 3), "y": round(y, 3), "name": name} for x, y, name in points]
    colour = alt.Color(
        "name:N",
        scale=alt.Scale(
            domain=[name for name, *_rest in groups],
            range=[TOKENS[f"group-{place}"] for _name, place, _people, _share in groups],
        ),
        legend=None,
    )
    bare = alt.Axis(title=None, labels=False, grid=True, tickCount=5)
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_circle(size=26, opacity=0.62)
        .encode(
            x=alt.X("x:Q", axis=bare, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=bare, scale=alt.Scale(zero=False)),
            color=colour,
            tooltip=[alt.Tooltip("name:N", title=" ")],
        )
    )
    rows = tuple((name, number(people), percent(share, 0)) for name, _place, people, share in groups)
    return build(_("The map of customers"), chart, (_("Persona"), _("people"), _("share")), rows, 380)
