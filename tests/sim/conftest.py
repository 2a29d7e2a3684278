"""Say at the end of bin/sim what was reached, in figures: pytest alone says that it was enough."""

from collections.abc import Callable

import pytest

Figure = Callable[[str, float, str], None]


@pytest.fixture
def figure(record_property) -> Figure:
    """Return what notes a figure, its value and what it must be; printed after the run, from any process."""

    def note(name: str, value: float, must: str) -> None:
        record_property("figure", (name, f"{value:.4f}", must))

    return note


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the figures of all tests, in the order of their names."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.stats.get(key, ())]
    noted = sorted(value for report in reports for key, value in report.user_properties if key == "figure")
    if noted:
        terminalreporter.section("figures")
        width = max(len(name) for name, _value, _must in noted)
        for name, value, must in noted:
            terminalreporter.write_line(f"{name:<{width}}  {value}  must be {must}")
