"""Pictures of an evaluation: described with Altair, drawn as SVG, coloured by the page's theme."""

import re
from typing import Any

import altair as alt
import vl_convert

from recommender.validation.report import Report

#: Fixed colours of the drawing become variables of the page, so that one picture serves light and dark.
COLOURS = {
    "point": "#0f766e",
    "soft": "#94a3b8",
    "good": "#047857",
    "bad": "#b91c1c",
    "grid": "#e5e8ec",
    "ink": "#1f2937",
    "label": "#6b7280",
}
#: Lines of several cuts: told apart also without colour vision (Okabe and Ito, 2008), and by their name.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
VEGA_LITE = "6.4"
WIDTH = 620
ROW = 22


def accuracy(report: Report, objective: str) -> str:
    """Draw each model's NDCG@10 with its interval, best first."""
    rows = [
        {"model": line.name, "value": line.ndcg10, "low": line.interval[0], "high": line.interval[1]}
        for line in _ranked(report, objective)
    ]
    return _forest(rows, "NDCG@10 with 95 % interval", COLOURS["point"])


def behind(report: Report, objective: str) -> str:
    """Draw how far each model is behind the best one, paired over the same users."""
    names = [line.name for line in _ranked(report, objective)]
    rows = []
    for name in names[1:]:
        pair = report.comparison(name, names[0], objective)
        low, high = pair.interval
        rows.append({"model": name, "value": pair.difference, "low": low, "high": high})
    return _forest(
        rows, f"NDCG@10 minus that of {names[0]}, paired, 95 % interval", COLOURS["bad"], zero=True
    )


def reach(report: Report, objective: str) -> str:
    """Draw accuracy against the share of the catalogue that anybody sees."""
    rows = [
        {"model": line.name, "ndcg": line.ndcg10, "coverage": line.coverage10}
        for line in _ranked(report, objective)
    ]
    base = _over(rows).encode(
        x=alt.X("coverage:Q", title="catalogue coverage", axis=alt.Axis(format="%")),
        y=alt.Y("ndcg:Q", title="NDCG@10", scale=alt.Scale(zero=False)),
    )
    points = base.mark_circle(size=70, color=COLOURS["point"], opacity=1)
    words = base.mark_text(align="left", dx=8, color=COLOURS["ink"]).encode(text="model:N")
    return _draw(alt.layer(points, words).properties(width=WIDTH - 140, height=260))


def cost(report: Report, objective: str) -> str:
    """Draw how long each model took to learn."""
    rows = [
        {"model": line.name, "seconds": max(line.fit_seconds, 1e-3)} for line in _ranked(report, objective)
    ]
    bars = (
        _over(rows)
        .mark_point(filled=True, size=70, color=COLOURS["point"], opacity=1)
        .encode(
            y=alt.Y("model:N", sort=[row["model"] for row in rows], title=None),
            x=alt.X("seconds:Q", title="seconds to learn", scale=alt.Scale(type="log")),
        )
    )
    return _draw(bars.properties(width=WIDTH - 140, height=ROW * len(rows)))


def over_cuts(report: Report, objective: str, most: int = len(SERIES)) -> str:
    """Draw the best models' NDCG@10 at each cut."""
    best = [line.name for line in _ranked(report, objective)][:most]
    rows = [
        {"cut": part.cut, "model": line.name, "value": line.ndcg10}
        for part in report.parts
        for line in part.models
        if line.objective == objective and line.name in best
    ]
    base = _over(rows).encode(
        x=alt.X("cut:O", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title="NDCG@10", scale=alt.Scale(zero=False)),
        color=alt.Color(
            "model:N",
            sort=best,
            scale=alt.Scale(domain=best, range=list(SERIES[: len(best)])),
            legend=alt.Legend(title=None),
        ),
    )
    lines = alt.layer(base.mark_line(strokeWidth=2), base.mark_circle(size=60, opacity=1))
    return _draw(lines.properties(width=WIDTH - 180, height=240))


def _over(rows: list[dict[str, Any]]) -> Any:
    return alt.Chart(alt.InlineData(values=rows))


def _ranked(report: Report, objective: str) -> list[Any]:
    lines = [line for line in report.models if line.objective == objective]
    return sorted(lines, key=lambda line: -line.ndcg10)


def _forest(rows: list[dict[str, Any]], title: str, colour: str, zero: bool = False) -> str:
    base = _over(rows).encode(y=alt.Y("model:N", sort=[row["model"] for row in rows], title=None))
    scale = alt.Scale(zero=zero)
    layers = [
        base.mark_rule(color=colour, strokeWidth=2).encode(
            x=alt.X("low:Q", title=title, scale=scale), x2="high:Q"
        ),
        base.mark_circle(size=70, color=colour, opacity=1).encode(x=alt.X("value:Q", scale=scale)),
    ]
    if zero:
        nought = _over([{"x": 0}])
        layers.insert(0, nought.mark_rule(color=COLOURS["soft"], strokeDash=[4, 3]).encode(x="x:Q"))
    return _draw(alt.layer(*layers).properties(width=WIDTH - 140, height=max(ROW * len(rows), ROW)))


def _draw(chart: Any) -> str:
    styled = chart.configure(background="transparent", font="system-ui, sans-serif").configure_view(
        stroke=None
    )
    styled = styled.configure_axis(
        gridColor=COLOURS["grid"],
        domainColor=COLOURS["soft"],
        tickColor=COLOURS["soft"],
        labelColor=COLOURS["label"],
        titleColor=COLOURS["label"],
        titleFontWeight="normal",
        labelFontSize=12,
        titleFontSize=12,
        labelLimit=200,
    ).configure_legend(labelColor=COLOURS["ink"], labelFontSize=12)
    drawn: str = vl_convert.vegalite_to_svg(styled.to_dict(), vl_version=VEGA_LITE)
    for name, colour in COLOURS.items():
        drawn = drawn.replace(f'"{colour}"', f'"var(--{name},{colour})"')
    # The page names each picture; the texts inside would be read out one by one.
    drawn = re.sub(r' (aria-\w+|role)="[^"]*"', "", drawn)
    return re.sub(r"^<svg ", '<svg aria-hidden="true" ', drawn)
