"""The snippet on a shop's pages against the real server: what arrives, how often, and what never leaves."""

import gzip
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import ApiKey
from core import clock
from events.models import Event
from tests.scenarios.browser import MARKS
from tests.snippet.conftest import eventually, rows

pytestmark = MARKS
SNIPPET = Path(__file__).parents[2] / "static" / "rapport.js"


def test_it_is_small():
    assert len(gzip.compress(SNIPPET.read_bytes(), 9)) < 6 * 1024


def test_without_consent_nothing_is_stored_or_sent(shop, window):
    shop.consent = "pending"
    page = window.page
    page.goto(f"{shop.origin}/p/tea")
    page.click("#add")
    page.evaluate("rapport.identify('c1'); rapport.flush()")
    page.wait_for_timeout(300)
    assert (window.calls, window.stored(), page.context.cookies()) == ([], [], [])
    page.evaluate("rapport.consent('denied'); rapport.track('Later'); rapport.flush()")
    page.goto(f"{shop.origin}/other")  # and nothing on leaving
    assert (window.calls, window.stored(), rows()) == ([], [], [])
    # What is granted later begins later: the past was thrown away with the denial.
    page.evaluate(
        "rapport.consent('denied'); rapport.consent('granted'); rapport.track('Now'); rapport.flush()"
    )
    eventually(lambda: len(rows()) == 1)
    assert Event.objects.get().properties["name"] == "Now"


def test_what_happened_before_consent_counts_when_it_is_given(shop, window):
    shop.consent = "pending"
    window.page.goto(f"{shop.origin}/p/tea")
    window.page.evaluate("rapport.identify('c1')")
    window.page.evaluate("rapport.consent('granted'); rapport.flush()")
    eventually(lambda: len(rows()) == 2)
    assert set(rows()) == {("visit", "c1", None, None, None), ("view", "c1", "tea", None, None)}


@pytest.mark.parametrize("signal", ["globalPrivacyControl: true", "doNotTrack: '1'"])
def test_the_browsers_own_no_is_a_no(shop, window, signal):
    name, _, value = signal.partition(": ")
    window.context.add_init_script(f"Object.defineProperty(navigator, '{name}', {{value: {value}}})")
    window.page.goto(f"{shop.origin}/p/tea")
    window.page.evaluate("rapport.consent('granted'); rapport.track('x'); rapport.flush()")
    window.page.wait_for_timeout(200)
    assert (window.calls, window.stored(), rows()) == ([], [], [])


def test_a_visit_arrives_once_each_in_exact_rows_also_on_closing_the_tab(shop, window):
    page = window.page
    page.clock.install()
    page.clock.pause_at(clock.now() + timedelta(hours=1))  # of the page's time passes what is let pass here
    page.goto(f"{shop.origin}/p/tea?utm_source=news&utm_campaign=spring&token=secret")
    page.clock.run_for(1100)  # looking at it
    page.click("#add")
    page.click("#remove")
    page.click("#find button")
    page.evaluate("rapport.identify('c1')")
    page.evaluate(
        "rapport.checkout({value: 9, currency: 'USD', products: [{sku: 'tea', quantity: 2, price: 4.5}]})"
    )
    page.evaluate("rapport.purchase({order_id: 'o1', products: [{sku: 'tea', quantity: 2, price: 4.5}]})")
    assert (window.calls, rows()) == ([], [])  # it waits for company
    page.close()  # everything goes by one beacon
    eventually(lambda: len(rows()) == 8)
    assert set(rows()) == {
        ("visit", "c1", None, None, None),
        ("view", "c1", "tea", None, None),
        ("add_to_cart", "c1", "tea", 2, "9.00"),
        ("remove_from_cart", "c1", "tea", 1, None),
        ("search", "c1", None, None, None),
        ("checkout", "c1", None, None, "9.00"),
        ("checkout", "c1", "tea", 2, None),  # a browser's purchase counts no money
        ("custom", "c1", "tea", None, None),
    }
    events = {e.type: e for e in Event.objects.all()}
    assert {e.source for e in events.values()} == {"web"}
    visit = events["visit"].properties["context"]
    assert visit["campaign"] == {"source": "news", "name": "spring"}
    assert visit["page"]["url"] == f"{shop.origin}/p/tea"
    assert "secret" not in str([e.properties for e in Event.objects.all()])
    assert events["search"].properties["search"] == "green tea"
    dwelled = events["custom"].properties
    assert dwelled["name"] == "Product Dwelled"
    assert 1 <= dwelled["dwell_seconds"] < 30
    assert ApiKey.objects.get().first_event_at is not None


def test_a_view_in_a_page_that_never_reloads(shop, window):
    page = window.page

    def seen(visits: int) -> None:
        """Wait until so many visits are stored: the page notes one a moment after its address changed."""
        window.wait_for(
            lambda: page.evaluate("rapport.flush()") or Event.objects.filter(type="visit").count() >= visits,
            f"visit {visits}",
        )

    page.goto(f"{shop.origin}/")
    page.evaluate("history.pushState({}, '', '/list'); history.replaceState({}, '', '/list#top')")
    seen(2)
    page.evaluate(
        "document.body.innerHTML += '<i data-rapport-product=cup></i>'; history.pushState({}, '', '/p/cup')"
    )
    seen(3)
    page.go_back()
    seen(4)
    paths = [
        (e.type, e.properties["context"]["page"]["path"])
        for e in Event.objects.exclude(type="custom").order_by("occurred_at", "id")
    ]
    assert [p for p in paths if p[0] == "visit"] == [
        ("visit", "/"),
        ("visit", "/list"),
        ("visit", "/p/cup"),
        ("visit", "/list"),
    ]
    assert ("view", "/p/cup") in paths


def test_what_the_network_loses_is_sent_again_and_counts_once(shop, window):
    page = window.page
    lost = []

    def lose(route):
        """Lose the first call on its way, and only the answer of the second."""
        lost.append(route.request.post_data)
        if len(lost) == 1:
            return route.abort()
        if len(lost) == 2:
            route.fetch()
            return route.abort()
        return route.continue_()

    page.route("**/v1/b", lose)
    page.clock.install()
    page.goto(f"{shop.origin}/p/tea")

    def sent() -> bool:
        """Let the pauses between attempts pass; say whether nothing waits any more."""
        page.clock.run_for(5000)
        return len(lost) >= 3 and not [key for key in window.stored() if ":q:" in key]

    window.wait_for(sent, "the third attempt")
    assert len(lost) == 3
    assert sorted(row[0] for row in rows()) == ["view", "visit"]


def test_what_was_left_offline_is_taken_over_by_the_next_page(shop, window):
    page = window.page
    page.goto(f"{shop.origin}/")
    page.evaluate("rapport.flush()")
    eventually(lambda: len(rows()) == 1)
    window.context.set_offline(True)
    page.evaluate("rapport.track('Offline'); rapport.flush()")
    assert len(rows()) == 1
    # what the closing page hands to the browser may go out from here on: it must not count twice
    page.close()
    window.context.set_offline(False)
    other = window.context.new_page()
    other.goto(f"{shop.origin}/next")
    other.evaluate("rapport.flush()")
    eventually(lambda: len(rows()) == 3)
    assert [row[0] for row in rows()] == ["visit", "custom", "visit"]
    visitors = set(Event.objects.values_list("actor_id", flat=True))
    assert len(visitors) == 1  # both tabs are one visitor


def test_another_person_on_the_same_machine_is_another_visitor(shop, window):
    page = window.page
    page.goto(f"{shop.origin}/")
    page.evaluate("rapport.identify('ann'); rapport.track('A'); rapport.identify('bob'); rapport.track('B')")
    page.evaluate("rapport.reset(); rapport.track('C'); rapport.flush()")
    eventually(lambda: len(rows()) == 4)
    named = {
        e.properties.get("name"): e.customer and e.customer.external_id
        for e in Event.objects.filter(type="custom")
    }
    assert named == {"A": "ann", "B": "bob", "C": None}


def test_a_foreign_page_is_refused(shop, window):
    page = window.page
    warnings = []
    page.on("console", lambda message: warnings.append(message.text))
    page.goto(f"{shop.foreign}/p/tea")
    page.evaluate("rapport.flush()")
    window.wait_for(lambda: any("CORS" in text for text in warnings), "the browser's refusal")
    page.close()
    assert "POST b" in window.calls
    assert rows() == []
