"""What charts say in words beside their marks."""

from core import charts
from core.charts import Range


def test_a_forest_says_its_figures_as_its_axis_does():
    ranges = [Range("Best", -0.35, -0.0001, 0.2), Range("Worst", -0.4, -0.3, -0.2)]
    chart = charts.forest("Differences", ranges, columns=("Middle", "From", "To"), form="+.3f")
    assert chart.rows == (
        ("Best", "0.000", "\N{MINUS SIGN}0.350", "+0.200"),
        ("Worst", "\N{MINUS SIGN}0.300", "\N{MINUS SIGN}0.400", "\N{MINUS SIGN}0.200"),
    )
