"""The pictures of a live test: the difference as it narrows, and where it lies."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from campaigns.experiments.measures import MEASURES
from campaigns.experiments.models import Snapshot
from console.learn.experiment_words import difference, measure_name, name_of, segment_name
from core import charts
from core.figures import percent


def traffic(
    waves: Sequence[tuple[int, Mapping[str, float]]], names: Mapping[str, str]
) -> charts.Chart | None:
    """Draw which share of each wave's people each arm got; None until two waves were decided."""
    if len(waves) < 2:
        return None
    return charts.grouped(
        _("Shares of the traffic, wave by wave"),
        [_("wave %(number)d") % {"number": number} for number, _shares in waves],
        [
            charts.Series(name, [shares.get(key, 0.0) for _number, shares in waves], tone=f"group-{place}")
            for place, (key, name) in enumerate(names.items(), start=1)
        ],
        text=percent,
    )


def over_time(looks: Sequence[Snapshot], base: str, other: str) -> charts.Chart | None:
    """Draw the difference look by look with its always valid band, and the bounds of the planned looks."""
    rows = []
    for look in looks:
        pair = _pair(look, base, other)
        if pair is None or "always_valid" not in pair["primary"]:
            continue
        found = pair["primary"]
        low, high = found["always_valid"]
        bound = found["bound"] * found["closed_se"] if look.planned and "bound" in found else None
        rows.append((look.as_of, found["difference"], low, high, bound))
    if len(rows) < 2:
        return None
    measure = looks[-1].results["measure"]
    factor, form = (1000.0, "+.1f") if MEASURES[measure].kind == "proportion" else (1.0, "+.2f")
    values = [
        {
            "at": at.isoformat(),
            "difference": d * factor,
            "low": low * factor,
            "high": high * factor,
            "upper": None if bound is None else bound * factor,
            "lower": None if bound is None else -bound * factor,
        }
        for at, d, low, high, bound in rows
    ]
    base_chart = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("at:T", axis=alt.Axis(title=None, format=charts.day_format(), grid=False, labelOverlap=True))
    )
    axis = alt.Axis(title=None, format=form, tickCount=5)
    tokens = charts.TOKENS
    zero = (
        alt.Chart(alt.InlineData(values=[{"zero": 0}]))
        .mark_rule(strokeDash=[4, 3], color=tokens["label"])
        .encode(y="zero:Q")
    )
    band = base_chart.mark_area(opacity=0.16, color=tokens["primary"]).encode(
        y=alt.Y("low:Q", axis=axis), y2="high:Q"
    )
    line = base_chart.mark_line(color=tokens["primary"], strokeWidth=2.4, point=True).encode(
        y="difference:Q",
        tooltip=[
            alt.Tooltip("at:T", title=" "),
            *(alt.Tooltip(f"{c}:Q", title=" ", format=form) for c in ("difference", "low", "high")),
        ],
    )
    bounds = [
        base_chart.mark_point(shape="stroke", size=300, color=tokens["accent"], strokeWidth=2.5).encode(
            y=f"{name}:Q"
        )
        for name in ("upper", "lower")
    ]
    table = tuple(
        (date_format(at, "SHORT_DATETIME_FORMAT"), *(difference(measure, v) for v in (d, low, high)))
        for at, d, low, high, _bound in rows
    )
    title = _("The difference over time, and the range it surely lies in")
    columns = (_("When"), _("Difference"), _("From"), _("To"))
    return charts.build(title, zero + band + line + bounds[0] + bounds[1], columns, table, 240)


def by_comparison(results: dict[str, Any]) -> charts.Chart | None:
    """Draw each arm's difference of the primary metric with its range."""
    ranges = [
        charts.Range(
            f"{name_of(c['treatment'], results)} − {name_of(c['control'], results)}",
            c["primary"]["interval"][0],
            c["primary"]["difference"],
            c["primary"]["interval"][1],
            "primary" if c["control"] else "muted",
        )
        for c in results["comparisons"]
        if "interval" in c["primary"]
    ]
    return _forest(_("Differences with their likely range"), ranges, results["measure"])


def by_segment(found: Sequence[dict[str, Any]], measure: str) -> charts.Chart | None:
    """Draw the difference by what people had bought before; for exploring only."""
    ranges = [
        charts.Range(segment_name(e["name"]), e["interval"][0], e["difference"], e["interval"][1], "muted")
        for e in found
        if "interval" in e
    ]
    if len(ranges) < 2:
        return None
    title = _("By what people had bought before: %(measure)s") % {"measure": measure_name(measure)}
    return _forest(title, ranges, measure)


def _forest(title: str, ranges: list[charts.Range], measure: str) -> charts.Chart | None:
    if not ranges:
        return None
    form = "+.1%" if MEASURES[measure].kind == "proportion" else "+.2f"
    return charts.forest(title, ranges, columns=(_("Difference"), _("From"), _("To")), form=form)


def _pair(look: Snapshot, base: str, other: str) -> dict[str, Any] | None:
    pairs = look.results.get("comparisons", [])
    return next((c for c in pairs if (c["control"], c["treatment"]) == (base, other)), None)
