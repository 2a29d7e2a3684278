"""Charts: described once with Altair, drawn as SVG on the server, made interactive in the browser.

A `Chart` holds a Vega-Lite specification whose colours are *tokens* and the rows behind it. On the
server the tokens become CSS variables inside the SVG, so one picture serves light, dark and print and
follows a change of theme without being drawn again; `svg(standalone=True)` gives fixed colours for
mails and PDF. In the browser `studio.js` puts the computed colours in and draws the same
specification with Vega.

All text reaches the picture through JSON, never through markup: Vega escapes it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt
import vl_convert
from django.core.cache import cache
from django.utils.translation import get_language

from core import figures

#: Colour tokens: the name of the CSS variable `--chart-…` and the colour in light and in print. The
#: colours differ from each other, because the renderer only carries colours, not names.
TOKENS = {
    "primary": "#0f766e",
    "primary-soft": "#99d5cf",
    "muted": "#94a3b8",
    "accent": "#d97706",
    "good": "#047857",
    "bad": "#b91c1c",
    "grid": "#e5e8ec",
    "ink": "#1f2937",
    "label": "#6b7280",
    # Groups that have no order, as personas: eight hues that stay apart in both themes.
    "group-1": "#0e7c86",
    "group-2": "#c2620c",
    "group-3": "#6d4fc4",
    "group-4": "#be2d6b",
    "group-5": "#4a7d1f",
    "group-6": "#2563c9",
    "group-7": "#94740b",
    "group-8": "#5b6472",
}
#: The Vega-Lite that draws, on the server and in the browser.
VEGA_LITE = "6.4"
#: The browser's part, built by `manage.py build_assets`, within the static files.
BUNDLE = "charts/vega.js"
_CACHE_SECONDS = 3600
_FONT = 'Inter, "Noto Sans CJK SC", "Noto Sans SC", sans-serif'
WIDTH = 640


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its data: `columns` name the table's columns, `rows` hold what is drawn."""

    title: str
    spec: dict[str, Any]
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    height: int

    @property
    def key(self) -> str:
        """Return a name that changes with the content, for ids in the page and for the cache."""
        text = json.dumps(self.spec, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def svg(self, *, standalone: bool = False) -> str:
        """Return the picture. About 40 ms the first time, then from the cache."""
        name = f"chart:svg:{self.key}"
        drawn: str | None = cache.get(name)
        if drawn is None:
            drawn = _draw(self.spec)
            cache.set(name, drawn, _CACHE_SECONDS)
        if standalone:
            return drawn
        for token, colour in TOKENS.items():
            drawn = drawn.replace(f'"{colour}"', f'"var(--chart-{token},{colour})"')
        # The page scales the picture to its card and names it.
        return re.sub(r'^<svg ([^>]*?) width="[\d.]+" height="[\d.]+"', r'<svg \1 aria-hidden="true"', drawn)


def _draw(spec: dict[str, Any]) -> str:
    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)
    # An SVG within a page needs neither the role texts, which screen readers would spell out, nor
    # the white ground.
    drawn = re.sub(r' aria-\w+="[^"]*"', "", drawn)
    return re.sub(r' role="[^"]*"', "", drawn)


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart over time."""

    name: str
    values: Sequence[float | Decimal | None]
    tone: str = "primary"


def area(title: str, days: Sequence[date], series: Sequence[Series], *, unit: str = "") -> Chart:
    """Draw figures over time as areas; `unit` stands before the values, as “$”.

    All series must be as long as `days`; None leaves a gap.
    """
    digits = _digits(value for one in series for value in one.values)
    values = [
        {
            "day": day.isoformat(),
            "name": one.name,
            "value": None if value is None else float(value),
            "text": _amount(value, digits, unit),
        }
        for one in series
        for day, value in zip(days, one.values, strict=True)
    ]
    colour = alt.Color(
        "name:N",
        scale=alt.Scale(domain=[s.name for s in series], range=[TOKENS[s.tone] for s in series]),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", symbolOpacity=1)
        if len(series) > 1
        else None,
        sort=None,
    )
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_area(opacity=0.14, interpolate="monotone", line={"strokeWidth": 2.2, "opacity": 1})
        .encode(
            x=alt.X(
                "day:T",
                axis=alt.Axis(
                    title=None,
                    format=day_format(),
                    grid=False,
                    **_each_day(days),
                    labelOverlap="greedy",
                    labelSeparation=10,
                ),
            ),
            y=alt.Y("value:Q", stack=None, axis=alt.Axis(title=None, tickCount=5, labelExpr=_label(unit))),
            color=colour,
            tooltip=[
                alt.Tooltip("day:T", title=" ", format=day_format()),
                alt.Tooltip("name:N", title=" "),
                alt.Tooltip("text:N", title=" "),
            ],
        )
    )
    rows = tuple(
        (day, *(_amount(one.values[i], digits, unit) for one in series)) for i, day in enumerate(days)
    )
    return build(title, chart, ("", *(s.name for s in series)), rows, 240)


def bars(
    title: str,
    items: Sequence[tuple[str, float | Decimal]],
    *,
    column: str,
    tone: str = "primary",
    digits: int = 0,
    shares: bool = False,
) -> Chart:
    """Draw one horizontal bar for each item, in the given order, with its value beside it.

    With `shares` the value is followed by its part of the first item's, as in a funnel.
    """
    # Lazy texts would become lists of letters in the specification.
    shown = [(str(name), value) for name, value in items]
    top = float(shown[0][1]) if shown else 0.0
    values = []
    for name, value in shown:
        text = figures.number(value, digits)
        if shares and top and float(value) != top:
            text += f"  {float(value) / top:.0%}"
        values.append({"name": name, "value": float(value), "text": text})
    names = [name for name, _value in shown]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y(
            "name:N",
            sort=names,
            axis=alt.Axis(title=None, labelLimit=190, labelColor=TOKENS["ink"], labelFontSize=12.5),
        ),
        x=alt.X("value:Q", axis=None, scale=alt.Scale(domainMin=0)),
        tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")],
    )
    chart = base.mark_bar(color=TOKENS[tone], cornerRadius=4, height={"band": 0.62}) + base.mark_text(
        align="left", dx=6, color=TOKENS["ink"], fontSize=12.5
    ).encode(text="text:N")
    rows = tuple((name, figures.number(value, digits)) for name, value in shown)
    return build(title, chart, ("", column), rows, max(60, 30 * len(shown)))


def grouped(
    title: str,
    groups: Sequence[str],
    series: Sequence[Series],
    *,
    text: Callable[[float | None], str],
    height: int = 220,
) -> Chart:
    """Draw upright bars side by side, one of each series for each group; `text` writes a value."""
    values = [
        {"group": group, "name": one.name, "value": float(value), "text": text(float(value))}
        for one in series
        for group, value in zip(groups, one.values, strict=True)
        if value is not None
    ]
    colour = alt.Color(
        "name:N",
        scale=alt.Scale(domain=[s.name for s in series], range=[TOKENS[s.tone] for s in series]),
        legend=alt.Legend(title=None, orient="top", direction="horizontal"),
        sort=None,
    )
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("group:N", sort=list(groups), axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True)),
            xOffset=alt.XOffset("name:N", sort=[s.name for s in series]),
            y=alt.Y("value:Q", axis=alt.Axis(title=None, tickCount=5, format=".0%")),
            color=colour,
            tooltip=[
                alt.Tooltip("group:N", title=" "),
                alt.Tooltip("name:N", title=" "),
                alt.Tooltip("text:N", title=" "),
            ],
        )
    )
    rows = tuple(
        (group, *(text(None if one.values[i] is None else float(one.values[i])) for one in series))  # type: ignore[arg-type]
        for i, group in enumerate(groups)
    )
    return build(title, chart, ("", *(s.name for s in series)), rows, height)


@dataclass(frozen=True, slots=True)
class Range:
    """An estimate with the range in which the truth probably lies."""

    name: str
    low: float
    middle: float
    high: float
    tone: str = "primary"


def forest(
    title: str, ranges: Sequence[Range], *, columns: tuple[str, str, str], form: str = "+.1%"
) -> Chart:
    """Draw estimates with their ranges around a line at zero. `columns` name middle, low and high."""
    values = [
        {
            "name": r.name,
            "low": r.low,
            "middle": r.middle,
            "high": r.high,
            "colour": TOKENS[r.tone],
            "text": "{} ({} … {})".format(*(figures.signed(v, form) for v in (r.middle, r.low, r.high))),
        }
        for r in ranges
    ]
    names = [r.name for r in ranges]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("name:N", sort=names, axis=alt.Axis(title=None, labelLimit=190, labelColor=TOKENS["ink"])),
        color=alt.Color("colour:N", scale=None),
        tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")],
    )
    zero = (
        alt.Chart(alt.InlineData(values=[{"zero": 0}]))
        .mark_rule(strokeDash=[4, 3], color=TOKENS["label"])
        .encode(x="zero:Q")
    )
    nothing = json.dumps(figures.signed(0.0, form))
    axis = alt.Axis(
        title=None,
        format=form,
        tickCount=5,
        gridColor=TOKENS["grid"],
        labelExpr=f"abs(datum.value) < 1e-9 ? {nothing} : datum.label",
    )
    edges = [0.0, *(r.low for r in ranges), *(r.high for r in ranges)]
    # Room at both sides for the figures above the points.
    room = (max(edges) - min(edges) or 1.0) * 0.3
    scale = alt.Scale(domain=[min(edges) - room, max(edges) + room], nice=False)
    chart = (
        zero
        + base.mark_rule(strokeWidth=3, strokeCap="round").encode(
            x=alt.X("low:Q", axis=axis, scale=scale), x2="high:Q"
        )
        + base.mark_point(filled=True, size=120, opacity=1).encode(x="middle:Q")
        + base.mark_text(dy=-13, fontSize=12, color=TOKENS["ink"]).encode(
            x="middle:Q", text="text:N", color=alt.value(TOKENS["ink"])
        )
    )
    rows = tuple((r.name, *(figures.signed(v, form) for v in (r.middle, r.low, r.high))) for r in ranges)
    return build(title, chart, ("", *columns), rows, max(90, 58 * len(ranges)))


def spark(values: Sequence[float | Decimal], width: int = 96, height: int = 28) -> str:
    """Return the points of a small line for an SVG polyline; empty for fewer than two values."""
    figures = [float(v) for v in values]
    if len(figures) < 2:
        return ""
    low, high = min(figures), max(figures)
    spread = (high - low) or 1.0
    step = width / (len(figures) - 1)
    return " ".join(
        f"{i * step:.1f},{height - 2 - (v - low) / spread * (height - 4):.1f}" for i, v in enumerate(figures)
    )


def build(
    title: str,
    chart: alt.TopLevelMixin,
    columns: tuple[str, ...],
    rows: tuple[tuple[Any, ...], ...],
    height: int,
) -> Chart:
    """Finish a picture of one's own in the theme; its colours must be TOKENS."""
    spec = chart.properties(width=WIDTH, height=height).configure(**_theme()).to_dict(validate=False)
    return Chart(title=title, spec=spec, columns=columns, rows=rows, height=height)


def _theme() -> dict[str, Any]:
    return {
        "background": "transparent",
        "font": _FONT,
        "padding": 4,
        "view": {"stroke": None},
        "axis": {
            "domain": False,
            "ticks": False,
            "gridColor": TOKENS["grid"],
            "labelColor": TOKENS["label"],
            "labelFontSize": 11.5,
            "labelPadding": 8,
        },
        "legend": {"labelColor": TOKENS["label"], "labelFontSize": 12, "symbolType": "square"},
    }


def _digits(values: Iterable[float | Decimal | None]) -> int:
    """Return with how many digits a series is written: two where it is small and has parts."""
    known = [abs(float(value)) for value in values if value is not None]
    return 2 if max(known, default=0) < 1000 and any(value % 1 for value in known) else 0


def _amount(value: float | Decimal | None, digits: int, unit: str) -> str:
    text = figures.number(value, digits)
    minus = figures.MINUS if text.startswith(figures.MINUS) else ""
    return text if value is None else f"{minus}{unit}{text.removeprefix(minus)}"


def day_format() -> str:
    """Return how axes write days in the active language."""
    return "%-m月%-d日" if (get_language() or "").startswith("zh") else "%b %-d"


def _each_day(days: Sequence[date]) -> dict[str, Any]:
    """Ask for a tick a day where there are few days: hours between would all be called by their day."""
    return {"tickCount": {"interval": "day", "step": 1}} if len(days) <= 14 else {}


def _label(unit: str) -> str:
    """Return Vega's expression for an axis of amounts: the sign of minus stands before the unit."""
    if not unit:
        return "format(datum.value, ',.2~f')"
    return (
        f"(datum.value < 0 ? '{figures.MINUS}' : '') + {json.dumps(unit)} + format(abs(datum.value), ',.2~f')"
    )
