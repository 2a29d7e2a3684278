"""Data quality as a demo's marketer opens it: the days that have something to show, and their chart."""

from datetime import date, timedelta

import pytest

from core import clock
from events import quality
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import LIGHT_FIRST, MARKS, visit
from tests.scenarios.test_imports import look

pytestmark = MARKS


@pytest.mark.parametrize(("theme", "language"), LIGHT_FIRST)
def test_it_opens_on_the_shops_own_days(live_server, settings, alice, theme, language):
    settings.SHOP_AS_OF = "2017-12-04"
    for n in range(30):
        quality.note("journey", date(2017, 12, 4) - timedelta(days=n), {"accepted": 90, "no_quantity": n % 7})
    quality.note("api", quality.shop_day(clock.now()), {"accepted": 1})
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        page.goto(f"{live_server.url}/admin/data-quality/")
        # One for each theme, of which one is seen.
        page.wait_for_selector("svg.marks", state="attached")
        assert page.locator("svg.marks:visible").count() == 1
        assert (page.input_value("#quality-from"), page.input_value("#quality-to")) == (
            "2017-11-05", "2017-12-04",
        )  # fmt: skip
        assert "journey" in page.inner_text("main, #main, body")
        look(window, "data-quality", faults)
        page.click("a.st-link[href*='to=']")
        page.wait_for_load_state("networkidle")
        assert page.input_value("#quality-to") == f"{quality.shop_day(clock.now())}"
        look(window, "data-quality-today", faults)
    assert faults == []
