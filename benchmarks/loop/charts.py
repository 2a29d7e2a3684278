"""Pictures of the proof, as SVG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import altair as alt
import numpy as np
import polars as pl

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
COLOURS = ("#0f766e", "#94a3b8", "#b45309", "#1d4ed8", "#9f1239", "#4d7c0f", "#6d28d9")


def lines(name: str, series: Mapping[str, Sequence[Sequence[float]]], *, x: str, y: str) -> Path:
    """Draw each series' mean over its rows with the middle 90 % of them; return the file."""
    rows = [
        {"series": label, "x": i + 1, "mean": m, "low": lo, "high": hi}
        for label, values in series.items()
        for i, (m, lo, hi) in enumerate(
            zip(
                np.mean(values, axis=0).tolist(),
                np.quantile(values, 0.05, axis=0).tolist(),
                np.quantile(values, 0.95, axis=0).tolist(),
                strict=True,
            )
        )
    ]
    colour = alt.Color(
        "series:N",
        title=None,
        sort=list(series),
        scale=alt.Scale(range=list(COLOURS[: len(series)])),
        legend=alt.Legend(symbolOpacity=1),
    )
    across = alt.X("x:O", title=x, axis=alt.Axis(labelAngle=0))
    base = alt.Chart(pl.DataFrame(rows))
    band = base.mark_area(opacity=0.15).encode(x=across, y=alt.Y("low:Q", title=y), y2="high:Q", color=colour)
    line = base.mark_line(point=True).encode(x=across, y=alt.Y("mean:Q", title=y), color=colour)
    chart = (
        (band + line)
        .properties(width=560, height=280, background="white")
        .configure_axis(labelFont="sans-serif", titleFont="sans-serif", titleFontWeight="normal")
        .configure_legend(labelFont="sans-serif", orient="bottom")
        .configure_view(strokeOpacity=0)
    )
    IMAGES.mkdir(parents=True, exist_ok=True)
    path = IMAGES / f"{name}.svg"
    chart.save(path)
    return path
