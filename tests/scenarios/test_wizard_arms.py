"""An arm that nobody has got to yet is not blamed for being empty; one that was left, or passed by, is."""

from campaigns.experiments.models import Variant
from tests.scenarios.planning import MARKS, begin, people, saved, step, window  # noqa: F401  fixtures

pytestmark = MARKS

MISSING = "Say what this one is."


def test_what_is_missing_is_said_when_it_is_left_or_passed_by(window):  # noqa: F811
    campaign = begin(window, "sell")
    page = window.page
    step(window, campaign, "test")
    with page.expect_response("**/plan/"):
        page.check("[name=lever][value=subject]")
    page.wait_for_selector("[data-plan=live]:not([aria-busy])")
    # The second arm waits, untouched: nothing is wrong yet, and nothing is stored of the comparison.
    assert page.inner_text("[data-plan=arms]").count(MISSING) == 0
    assert page.inner_text("[data-plan=state]") == ""
    assert not Variant.objects.exists()
    # Going on says it, beside the arm, and puts the cursor there; the page stays.
    page.click("[data-plan=onward]")
    page.wait_for_selector(f"[data-error=arm1]:has-text('{MISSING}')")
    assert page.inner_text("[data-plan=state]") == "Saved, but for what is marked."
    assert page.evaluate("document.activeElement.dataset.arm") == "1"
    assert page.get_attribute("[data-arm='1']", "aria-invalid") == "true"
    assert page.url.endswith("/plan/test/")
    page.keyboard.type("Six things for you")
    saved(window)
    assert page.inner_text("[data-error=arm1]") == ""
    assert page.get_attribute("[data-arm='1']", "aria-invalid") is None
    assert Variant.objects.count() == 2
    # A further one says it when it was touched and left.
    with page.expect_response("**/plan/"):
        page.click("[data-plan=add-arm]")
    assert page.inner_text("[data-plan=arms]").count(MISSING) == 0
    page.keyboard.press("Tab")
    page.wait_for_selector(f"[data-error=arm2]:has-text('{MISSING}')")
    assert page.inner_text("[data-error=arm0]") == page.inner_text("[data-error=arm1]") == ""
    # Whoever was told may still go on: every step can be reached.
    page.click("[data-plan=onward]")
    page.wait_for_url("**/plan/review/")
    assert Variant.objects.count() == 2
    assert not window.complaints
