"""A Shopify file from the upload to the undo, as a marketer does it."""

import os
from pathlib import Path

import pytest

from accounts import jobs
from accounts.models import Job
from customers.models import Customer
from events.models import Event
from tests.factories.shop import PASSWORD
from tests.factories.shop_files import SHOPIFY_ORDERS
from tests.scenarios.browser import DARK_FIRST, MARKS, Visit, visit

pytestmark = MARKS
WORDS = {
    "en": {"bad": "2 cannot", "run": "Import 5 rows"},
    "zh-hans": {"bad": "2", "run": "5"},
}


@pytest.fixture
def shop(settings, alice, tmp_path):
    settings.IMPORT_FILES = str(tmp_path / "files")
    file = tmp_path / "orders_export.csv"
    file.write_text(SHOPIFY_ORDERS)
    return file


def work(window: Visit) -> None:
    """Do the worker's part, and wait until the page notices."""
    for job in Job.objects.filter(state=Job.State.QUEUED):
        jobs.run(job)
    window.page.wait_for_selector("#import-progress", state="detached")
    window.page.wait_for_load_state("networkidle")


def look(window: Visit, name: str, faults: list[str]) -> None:
    faults += [f"{name} {fault}" for fault in window.faults()]
    if folder := os.environ.get("SHOTS"):
        theme = window.page.evaluate("document.documentElement.className.includes('dark') ? 'dark' : 'light'")
        window.page.screenshot(path=str(Path(folder) / f"{name}-{theme}.png"), full_page=True)


@pytest.mark.parametrize(("theme", "language"), DARK_FIRST)
def test_from_the_upload_to_the_undo(live_server, shop, theme, language):
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        page, words = window.page, WORDS[language]
        window.sign_in("alice", PASSWORD)
        assert window.go("/admin/imports/") == 200
        look(window, "imports-empty", faults)
        page.set_input_files("input[type=file]", str(shop))
        page.click(".st-drop ~ .st-fields button")
        page.wait_for_selector("select[name=column-0]")
        page.wait_for_load_state("networkidle")
        # Recognised as Shopify's: the order's number, the buyer, the line.
        chosen = page.eval_on_selector_all(
            "select[name^=column-]",
            "all => Object.fromEntries(all.map(s => [s.getAttribute('name'), s.value]))",
        )
        assert [chosen[f"column-{n}"] for n in (0, 1, 16, 18, 20)] == [
            "order_id", "email", "quantity", "price", "sku",
        ]  # fmt: skip
        page.click("details.st-more summary")
        look(window, "imports-mapping", faults)
        page.click("form[action$='/map/'] .st-btn.p")
        page.wait_for_selector("#import-progress")
        look(window, "imports-progress", faults)
        assert Customer.objects.count() == 0
        work(window)
        assert words["bad"] in page.inner_text(".st-verdict")
        assert page.locator(".st-table tbody tr").count() == 2
        assert "not an address" in page.inner_text(".st-table tbody")
        assert Customer.objects.count() == 0 and Event.objects.count() == 0
        look(window, "imports-checked", faults)
        with page.expect_download() as download:
            page.click("a[href$='/errors/']")
        errors = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
        assert errors[0].startswith("line,reason,Name,Email") and errors[1].startswith("5,")
        assert words["run"] in page.inner_text(".st-verdict .st-btn.p")
        page.click(".st-verdict .st-btn.p")
        page.wait_for_selector("#import-progress")
        work(window)
        figures = page.eval_on_selector_all(".st-kpi .v", "all => all.map(v => v.innerText)")
        assert figures == ["7", "5", "0", "0", "2"]
        assert Event.objects.count() == 8 and Customer.objects.count() == 4
        look(window, "imports-done", faults)
        page.click("form[action$='/undo/'] button[type=button]")
        page.click("form[action$='/undo/'] button[x-ref=yes]")
        page.wait_for_selector("#import-progress")
        work(window)
        assert page.locator(".st-verdict.ok").count() == 1
        assert Event.objects.count() == 0 and Customer.objects.count() == 0
        look(window, "imports-undone", faults)
        assert window.go("/admin/imports/") == 200
        look(window, "imports-list", faults)
        assert faults == []
        assert window.complaints == []
