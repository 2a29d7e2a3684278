"""A shop in which segments are built, and the hands that build them."""

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from customers.services import upsert_customers
from events.services import ingest
from tests.scenarios.browser import Visit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def shop(settings, alice):
    settings.SHOP_AS_OF = NOW.isoformat()
    before = NOW - timedelta(days=400)
    upsert_customers(
        [
            {
                "external_id": f"c{n}",
                "first_name": "Ann",
                "last_name": f"No{n}",
                "country": "DE" if n < 4 else "FR",
            }
            for n in range(10)
        ],
        before,
    )
    orders = [
        {
            "message_id": f"m{n}", "type": "purchase", "source": "shop", "customer": f"c{n}", "sku": "tea",
            "occurred_at": (NOW - timedelta(days=10)).isoformat(), "order_id": f"o{n}", "quantity": 1,
            "amount": {"amount": "4.50", "currency": "USD"},
        }
        for n in (0, 1, 9)
    ]  # fmt: skip
    ingest(orders, now=NOW, default_source="shop")


class Keyboard:
    """What hands on a keyboard can do, and nothing else."""

    def __init__(self, window: Visit) -> None:
        self.page = window.page

    def focus(self) -> str:
        return self.page.evaluate("document.activeElement?.dataset.key || ''")

    def go(self, ending: str, *, back: bool = False, steps: int = 90) -> None:
        """Press Tab until the input with that key has the focus."""
        for _ in range(steps):
            if self.focus().endswith(ending):
                return
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"{ending} is not reached by Tab; the focus is on {self.focus()}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def choose(self, value: str) -> None:
        """Go through the focused list with the arrows. The focus must stay on it through every redraw."""
        key = self.focus()
        for _ in range(150):
            here, there = self.page.evaluate(
                """value => { const list = document.activeElement;
                return [list.selectedIndex, [...list.options].findIndex(o => o.value === value)]; }""",
                value,
            )
            assert there >= 0, value
            assert self.focus() == key
            if here == there:
                return
            self.press("ArrowDown" if there > here else "ArrowUp")
        raise AssertionError(f"{value} is not reached")

    def size(self, expected: str) -> None:
        self.page.wait_for_function(
            """e => { const size = document.querySelector('[data-sb=size]');
            return size && !size.hasAttribute('aria-busy') && size.textContent === e; }""",
            arg=expected,
        )

    def subjects(self) -> list[str]:
        return self.page.eval_on_selector_all(".sb-subject", "all => all.map(s => s.value)")


def look(window: Visit, name: str, faults: list[str]) -> None:
    faults += [f"{name} {fault}" for fault in window.faults()]
    if folder := os.environ.get("SHOTS"):
        theme = window.page.evaluate("document.documentElement.className.includes('dark') ? 'dark' : 'light'")
        window.page.screenshot(path=str(Path(folder) / f"{name}-{theme}.png"), full_page=True)


@contextmanager
def watched(window: Visit):
    """Keep the last rule that the page asked about."""
    asked: list[dict] = []
    window.page.on(
        "request",
        lambda request: asked.append(request.post_data_json) if request.url.endswith("/preview/") else None,
    )
    yield asked
