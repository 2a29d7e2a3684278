"""A newcomer in an empty shop: each first step leads to the page that does it, and ticks off by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts import jobs
from accounts.models import Job
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, Visit, visit

pytestmark = MARKS
CUSTOMERS = "Customer ID,First name,E-mail,Accepts marketing\nc1,Ann,ann@demo.invalid,yes\n"
PRODUCTS = "SKU,Name,Price\ns1,Tea,4.50\n"
ORDERS = "Order number,Customer ID,Date,SKU,Quantity,Price\no1,c1,2026-02-01 10:00,s1,2,4.50\n"


@pytest.fixture
def window(settings, alice, live_server, tmp_path) -> Iterator[Visit]:
    settings.IMPORT_FILES = str(tmp_path / "files")
    with visit(live_server.url, theme="light", language="en") as window:
        window.sign_in("alice", PASSWORD)
        yield window


def steps(window: Visit) -> dict[str, tuple[bool, str]]:
    """Return whether each step is done, and where it leads."""
    window.go("/admin/")
    return {
        title: (done, path)
        for title, done, path in window.page.eval_on_selector_all(
            ".st-todo li",
            "all => all.map(e => [e.querySelector('b').innerText, 'done' in e.dataset,"
            " e.querySelector('a').getAttribute('href')])",
        )
    }


def bring_in(window: Visit, file: Path) -> str:
    """Import a file by pressing what stands out on each page; return what it was told to be."""
    page = window.page
    page.set_input_files("input[type=file]", str(file))
    page.click(".st-drop ~ .st-fields button")
    page.wait_for_selector("select[name=column-0]")
    kind = page.input_value("select[name=kind]")
    for button in ("form[action$='/map/'] .st-btn.p", ".st-verdict .st-btn.p"):
        page.click(button)
        page.wait_for_selector("#import-progress")
        for job in Job.objects.filter(state=Job.State.QUEUED):
            jobs.run(job)
        page.wait_for_selector("#import-progress", state="detached")
    return kind


def test_a_newcomer_finds_the_way(window, tmp_path):
    page = window.page
    assert [done for done, _path in steps(window).values()] == [False] * 5
    # Nothing is a dead end: each step's page stands, says what is missing, and offers one way on.
    ways = {}
    for title, (_done, path) in steps(window).items():
        assert window.go(path) == 200
        ways[title] = page.eval_on_selector_all(".st-empty .st-btn.p", "all => all.map(e => e.innerText)")
    assert ways == {
        "Load your customers, products and orders": [],  # the page is the form
        "See your customer groups": ["Import past orders"],
        "Train the recommendations": ["Import data"],
        "Launch your first campaign": [],  # the page is the choice
        "Read the first result": ["New campaign"],
    }
    assert page.locator("text=Train now").count() == 0
    for name, text in (("customers", CUSTOMERS), ("orders", ORDERS), ("products", PRODUCTS)):
        assert not steps(window)["Load your customers, products and orders"][0]
        file = tmp_path / f"{name}.csv"
        file.write_text(text)
        page.click(".st-todo li:first-child a")
        page.wait_for_load_state("networkidle")
        assert bring_in(window, file) == name
    done = [title for title, (done, _path) in steps(window).items() if done]
    assert done == ["Load your customers, products and orders"]
    # Not yet added up, and it does not say that there are none.
    assert page.inner_text(".st-empty h2") == "Your orders are in"
    window.go("/admin/recommendations/")
    assert page.locator("button:has-text('Train now')").count() == 1
    assert page.locator(".st-empty .st-btn").count() == 0
    window.go("/admin/people/personas/")
    assert page.inner_text(".st-empty h2") == "Your orders are in"
    assert not window.complaints
