"""A shop's website on an origin of its own, with the snippet on its pages, in a real browser."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import BrowserContext, Page, sync_playwright

from accounts.keys import create_key
from accounts.models import PUBLISHABLE_SCOPES, ApiKey
from events.models import Event
from tests.factories.accounts import NOW
from tests.patience import until
from tests.scenarios.browser import CHROMIUM, FLAGS, browsing, hang_up

__all__ = ["browsing"]

PAGE = """<!doctype html><html lang="en"><title>{title}</title>
<script src="{server}/static/rapport.js" data-key="{key}" data-consent="{consent}" defer></script>
<h1>{title}</h1>
{product}
<button id="add" data-rapport-add="tea" data-price="4.50" data-currency="USD" data-quantity="2">Add</button>
<button id="remove" data-rapport-remove="tea">Remove</button>
<form id="find" data-rapport-search="q" onsubmit="return false">
<input name="q" value=" green tea "><button>Go</button></form>
</html>"""


class Shop:
    """The website: any path answers the page, with a product where the path says so."""

    def __init__(self, server: str, key: str) -> None:
        self.consent = "granted"
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                article = (
                    '<article data-rapport-product="tea">Tea</article>' if path.startswith("/p/") else ""
                )
                html = PAGE.format(
                    title=path, server=server, key=key, consent=shop.consent, product=article
                ).encode()
                self.send_response(200 if path != "/favicon.ico" else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(html)

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.port = self.http.server_port
        self.origin = f"http://127.0.0.1:{self.port}"
        self.foreign = f"http://localhost:{self.port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()
        hang_up()


@pytest.fixture
def key(transactional_db: None) -> tuple[ApiKey, str]:
    cache.clear()
    return create_key(name="shop", kind=ApiKey.Kind.PUBLISHABLE, scopes=PUBLISHABLE_SCOPES, now=NOW)


@pytest.fixture
def shop(live_server: Any, key: tuple[ApiKey, str]) -> Iterator[Shop]:
    found = Shop(live_server.url, key[1])
    ApiKey.objects.filter(pk=key[0].pk).update(allowed_origins=[found.origin])
    cache.clear()
    yield found
    found.http.shutdown()
    found.http.server_close()


class Window:
    """A browser profile with one tab, and what it asked of the server."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.calls: list[str] = []
        context.on("request", lambda request: self._note(request.method, request.url))
        self.page: Page = context.new_page()

    def _note(self, method: str, url: str) -> None:
        if "/v1/" in url:
            self.calls.append(f"{method} {url.partition('/v1/')[2]}")

    def wait_for(self, check: Callable[[], bool], what: str) -> None:
        """Wait until it holds of the page, whose calls and answers come in meanwhile."""
        until(check, what, rest=lambda seconds: self.page.wait_for_timeout(seconds * 1000))

    def stored(self) -> list[str]:
        return self.page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('rapport')).sort()")


@pytest.fixture
def window(browser: Any) -> Iterator[Window]:
    context = browser.new_context()
    yield Window(context)
    context.close()


def rows() -> list[tuple[Any, ...]]:
    """Return (type, customer, sku, quantity, amount) of all events, in order of what happened."""
    return [
        (
            e.type,
            e.customer and e.customer.external_id,
            e.product and e.product.sku,
            e.quantity and int(e.quantity),
            e.amount and str(e.amount),
        )
        for e in Event.objects.select_related("customer", "product").order_by("occurred_at", "id")
    ]


def eventually(check: Callable[[], bool]) -> None:
    """Wait until it holds for what was stored."""
    until(check, lambda: f"what was to be stored, beside {rows()},")
