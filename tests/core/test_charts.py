"""What charts say in words beside their marks."""

from datetime import date, timedelta

from core import charts
from core.charts import Range, Series


def test_a_forest_says_its_figures_as_its_axis_does():
    ranges = [Range("Best", -0.35, -0.0001, 0.2), Range("Worst", -0.4, -0.3, -0.2)]
    chart = charts.forest("Differences", ranges, columns=("Middle", "From", "To"), form="+.3f")
    assert chart.rows == (
        ("Best", "0.000", "\N{MINUS SIGN}0.350", "+0.200"),
        ("Worst", "\N{MINUS SIGN}0.300", "\N{MINUS SIGN}0.400", "\N{MINUS SIGN}0.200"),
    )


def test_few_days_are_each_named_once_and_small_figures_with_their_parts():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(3)]
    drawn = charts.area("Price", days, [Series("Price", [2.99] * 3)], unit="$").svg()
    assert [drawn.count(f">{text}<") for text in ("Jan 1", "Jan 2", "Jan 3")] == [1, 1, 1]
    assert [drawn.count(f">${text}<") for text in ("0", "0.5", "1", "2.5", "3")] == [1, 1, 1, 1, 1]
