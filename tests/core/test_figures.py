"""Figures on pages: one minus, which is not a hyphen, and no sign before nothing."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.template import Context, Template

from core import charts, figures
from core.figures import money_text, signed_percent


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (figures.number(-1234.5, 1), "−1,234.5"),
        (figures.number(Decimal("-0.004"), 2), "0.00"),
        (figures.number(None), "–"),
        (figures.percent(-0.031), "−3.1%"),
        (figures.percent(-0.0001, 0), "0%"),
        (figures.signed(-0.041), "−4.1%"),
        (figures.signed(0.041), "+4.1%"),
        (figures.signed(-0.0001, "+.1%"), "0.0%"),
        (figures.signed(-2.26, "+.1f"), "−2.3"),
        (figures.signed(None), "–"),
        (signed_percent(-0.5), "−50%"),
        (money_text(Decimal("-12.5"), "EUR"), "−€12.50"),
        (money_text(Decimal("-12.5"), "CHF"), "−12.50 CHF"),
        (money_text(Decimal("-0.001"), "USD"), "$0.00"),
        (money_text(-1234567, "CNY", whole=True), "−¥1,234,567"),
    ],
)
def test_figures_are_written_with_the_minus_of_print(written, expected):
    assert written == expected


def test_templates_write_figures_the_same_way():
    page = Template(
        "{% load studio %}{{ n|number:1 }} {{ n|percent }} {{ n|money:'GBP' }} {{ n|signed_percent }}"
    )
    assert page.render(Context({"n": -0.5})) == "−0.5 −50.0% −£0.50 −50%"


def test_charts_write_no_hyphen_before_a_figure():
    days = [date(2026, 1, day) for day in (1, 2, 3)]
    drawn = [
        charts.area("Gain", days, [charts.Series("Gain", [-5000, -2500, 1000])], unit="$"),
        charts.bars("Gain", [("Alone", -12.5)], column="Gain", digits=1),
        charts.forest("Lift", [charts.Range("A", -0.2, -0.1, 0.05)], columns=("Lift", "From", "To")),
    ]
    for chart in drawn:
        texts = [
            *re.findall(r">([^<>]+)</text>", chart.svg()),
            *(str(cell) for row in chart.rows for cell in row[1:]),
        ]
        assert not [text for text in texts if re.search(r"(^|\s|\()-[$\d]", text)]
    assert "−$5,000" in drawn[0].svg()
    assert drawn[1].rows == (("Alone", "−12.5"),)
    assert drawn[2].rows == (("A", "−10.0%", "−20.0%", "+5.0%"),)
