"""What the scenarios about messages share: a shop with templates, a mail server, and waiting for previews."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from campaigns.content.starters import ensure_starter_templates
from catalog.services import upsert_products
from core import clock
from core.money import Money
from customers.services import upsert_customers
from tests.mail_server import mail_server
from tests.scenarios.browser import Visit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRODUCTS = (("Merino base layer", "59"), ("Running gloves", "29"), ("Head torch", "60"), ("Bottle", "35"))


class Inbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(  # noqa: N802  aiosmtpd calls it so
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Keep a mail."""
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def inbox(settings) -> Iterator[Inbox]:
    handler = Inbox()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    with mail_server(handler, settings):
        yield handler


@pytest.fixture
def shop(settings, alice, live_server) -> dict[str, Any]:
    """Return the newest version of each starter template; Alice may do everything, Jun reads Chinese."""
    settings.SHOP_AS_OF, settings.SHOP_NAME = NOW.isoformat(), "Northwind Outdoor"
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    settings.PUBLIC_URL = live_server.url
    upsert_customers(
        [{"external_id": "jun", "first_name": "Jun", "last_name": "Wang", "locale": "zh_CN"}], NOW
    )
    upsert_products(
        [
            {"sku": f"p{n}", "name": name, "price": Money(Decimal(price), "USD")}
            for n, (name, price) in enumerate(PRODUCTS)
        ],
        NOW,
    )
    return ensure_starter_templates(clock.now())


def look(window: Visit, name: str, faults: list[str]) -> None:
    """Note what axe finds on the page, and keep its picture."""
    faults += [f"{name} {fault}" for fault in window.faults()]
    shoot(window, name)


def shoot(window: Visit, name: str) -> None:
    """Keep a picture of the page in the folder that SHOTS names."""
    if folder := os.environ.get("SHOTS"):
        theme = window.page.evaluate("document.documentElement.className.includes('dark') ? 'dark' : 'light'")
        window.page.screenshot(path=str(Path(folder) / f"{name}-{theme}.png"))


def previewed(window: Visit, words: str) -> Any:
    """Wait until the frame in front shows these words, and return it."""

    def found() -> Any:
        for frame in window.page.frames[1:]:
            shown = "is-back" not in (frame.frame_element().get_attribute("class") or "")
            if shown and words in frame.evaluate("document.body ? document.body.innerText : ''"):
                return frame
        return None

    return window.wait_for(found, f"a preview of {words}")


def saved(window: Visit) -> None:
    """Wait until the draft is stored."""
    window.page.wait_for_selector("[data-ce=saved][data-state=saved]")
