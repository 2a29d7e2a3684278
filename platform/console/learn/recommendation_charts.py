"""The pictures about recommenders: quality over time with ranges, and coverage against quality."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import altair as alt
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from console.learn.label_places import BESIDE, places
from core import charts

_TITLE: dict[str, Any] = {"titleColor": charts.TOKENS["label"], "titleFontWeight": "normal"}
#: About what the axes leave of the plane of spots, in px.
_PLOT = (400, 245)
HUES = tuple(f"group-{n}" for n in range(1, 9))


@dataclass(frozen=True, slots=True)
class Point:
    """A figure of a line at a moment, with the range it lies in where there is one."""

    name: str
    at: datetime | date
    value: float
    low: float | None = None
    high: float | None = None


def lines(
    title: str, points: Sequence[Point], *, text: Callable[[float], str], form: str
) -> charts.Chart | None:
    """Draw a line for each name over time, with its ranges as bars; None below two moments."""
    if len({point.at for point in points}) < 2:
        return None
    names = list(dict.fromkeys(point.name for point in points))
    values = [
        {
            "name": point.name,
            "at": point.at.isoformat(),
            "value": point.value,
            "low": point.value if point.low is None else point.low,
            "high": point.value if point.high is None else point.high,
            "text": _range(point, text),
        }
        for point in points
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X(
            "at:T",
            axis=alt.Axis(title=None, format=charts.day_format(), grid=False, labelOverlap=True, tickCount=8),
            # Room for the ranges at both ends.
            scale=alt.Scale(padding=12),
        ),
        color=_colour(names),
        tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")],
    )
    axis = alt.Axis(title=None, tickCount=5, format=form)
    chart = (
        base.mark_rule(strokeWidth=1.6, opacity=0.45).encode(
            y=alt.Y("low:Q", axis=axis, scale=alt.Scale(zero=False)), y2="high:Q"
        )
        + base.mark_line(strokeWidth=2.2).encode(y="value:Q")
        + base.mark_point(filled=True, size=46, opacity=1).encode(y="value:Q")
    )
    rows = tuple(
        (point.name, date_format(point.at, "SHORT_DATE_FORMAT"), _range(point, text)) for point in points
    )
    return charts.build(title, chart, (_("Strategy"), _("As of"), _("Figure")), rows, 260)


@dataclass(frozen=True, slots=True)
class Spot:
    """A strategy in the plane of how much of the catalogue it shows and how well it ranks."""

    name: str
    coverage: float
    ndcg: float
    serves: bool


def scatter(title: str, spots: Sequence[Spot]) -> charts.Chart | None:
    """Draw strategies by coverage (across) and NDCG@10 (up); up and to the right is better."""
    if len(spots) < 2:
        return None
    across = _room([spot.coverage for spot in spots], least=0.0, most=1.0)
    up = _room([spot.ndcg for spot in spots])
    values = [
        {
            "name": spot.name,
            "coverage": spot.coverage,
            "ndcg": spot.ndcg,
            "colour": charts.TOKENS["primary" if spot.serves else "muted"],
            "text": f"{spot.ndcg:.3f} · {spot.coverage:.1%}",
            "side": side,
            "label": height,
        }
        for spot, (side, height) in zip(spots, _heights(spots, across, up), strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X(
            "coverage:Q",
            axis=alt.Axis(
                title=_("Share of the catalogue that lists show"), format=".0%", tickCount=6, **_TITLE
            ),
            scale=alt.Scale(domain=across, nice=False),
        ),
        y=alt.Y(
            "ndcg:Q",
            axis=alt.Axis(title="NDCG@10", tickCount=5, **_TITLE),
            scale=alt.Scale(domain=up, nice=False),
        ),
        tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")],
    )
    chart = base.mark_point(filled=True, size=130, opacity=1).encode(color=alt.Color("colour:N", scale=None))
    # A name that had to move is led back to its spot.
    chart += (
        base.transform_filter(alt.datum.label != alt.datum.ndcg)
        .mark_rule(color=charts.TOKENS["muted"], strokeWidth=1)
        .encode(y="ndcg:Q", y2="label:Q")
    )
    for side, dx in (("left", BESIDE), ("right", -BESIDE)):
        chart += (
            base.transform_filter(alt.datum.side == side)
            .mark_text(align=side, dx=dx, fontSize=12, color=charts.TOKENS["ink"])
            .encode(text="name:N", y="label:Q")
        )
    rows = tuple((s.name, f"{s.ndcg:.4f}", f"{s.coverage:.1%}") for s in spots)
    return charts.build(title, chart, (_("Strategy"), "NDCG@10", _("Coverage")), rows, 300)


def _room(values: Sequence[float], *, least: float | None = None, most: float | None = None) -> list[float]:
    """Return the ends of an axis, with some room beyond the values but not beyond what can be."""
    low, high = min(values), max(values)
    room = (high - low or 0.1) * 0.08
    return [
        low - room if least is None else max(least, low - room),
        high + room if most is None else min(most, high + room),
    ]


def _heights(spots: Sequence[Spot], across: Sequence[float], up: Sequence[float]) -> list[tuple[str, float]]:
    """Return for each spot on which side its name begins, and at which height of the axis it lies."""
    width, height = _PLOT
    upward = height / (up[1] - up[0])
    at = [
        ((s.coverage - across[0]) / (across[1] - across[0]) * width, (up[1] - s.ndcg) * upward) for s in spots
    ]
    placed = places([s.name for s in spots], at, width=width, height=height)
    return [(place.side, s.ndcg - place.shift / upward) for place, s in zip(placed, spots, strict=True)]


def _colour(names: Sequence[str]) -> alt.Color:
    return alt.Color(
        "name:N",
        scale=alt.Scale(
            domain=list(names), range=[charts.TOKENS[HUES[n % len(HUES)]] for n in range(len(names))]
        ),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", columns=4)
        if len(names) > 1
        else None,
        sort=None,
    )


def _range(point: Point, text: Callable[[float], str]) -> str:
    if point.low is None or point.high is None:
        return text(point.value)
    return f"{text(point.value)} ({text(point.low)} … {text(point.high)})"
