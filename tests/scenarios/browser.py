"""Debian's chromium, driven as a person would, with everything that went wrong written down."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from django.db import connections
from playwright.sync_api import Page, sync_playwright

from tests.patience import Found, until

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
_LIGHT, _DARK = ("light", "en"), ("dark", "zh-hans")
#: The two looks in which a scenario is seen: the first one by bin/test, both by bin/scenarios.
LIGHT_FIRST = [_LIGHT, pytest.param(*_DARK, marks=pytest.mark.long)]
DARK_FIRST = [_DARK, pytest.param(*_LIGHT, marks=pytest.mark.long)]
#: What every test with a browser is: its server needs what was stored to be committed.
#: Three processes share two processors with their browsers; one that is a second late for a click must not
#: stop a release. What fails is run once more and told at the end; what fails twice has failed.
MARKS = [
    pytest.mark.browser,
    pytest.mark.flaky(reruns=1),
    pytest.mark.usefixtures("browsing"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not shutil.which("chromium"), reason="NO CHROMIUM: THE BROWSER TESTS DID NOT RUN"),
]
_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}


@pytest.fixture(scope="module")
def browsing() -> Iterator[None]:
    """Build the charts' library for the pages, and let the test itself ask the database, too."""
    # Playwright's own event loop runs in this thread; the requests are answered in another one.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        call_command("build_assets", verbosity=0)
        yield


def browsed(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a single test as one with a browser, in a file that has others."""
    for mark in MARKS:
        test = mark(test)
    return test


@dataclass
class Visit:
    """A browser window on the server, and what it complained about."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, username: str, password: str) -> None:
        """Sign in by the form."""
        self.page.goto(f"{self.origin}/admin/login/")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", password)
        self.page.click("[type=submit]")
        self.page.wait_for_url(f"{self.origin}/admin/")

    def go(self, path: str) -> int:
        """Open a page, wait until it is quiet, and return its status."""
        answer = self.page.goto(f"{self.origin}{path}")
        self.page.wait_for_load_state("networkidle")
        return answer.status if answer else 0

    def wait_for(self, condition: Callable[[], Found], what: str | Callable[[], object] = "it") -> Found:
        """Return the first true answer; the page goes on meanwhile, and what it asks for is noted."""
        return until(condition, what, rest=lambda seconds: self.page.wait_for_timeout(seconds * 1000))

    def faults(self, within: str | None = None) -> list[str]:
        """Return what axe-core finds on the page, or in a part of it (WCAG 2.2 A and AA)."""
        found = Axe().run(self.page, context=within, options=_RULES).response["violations"]
        return [f"{v['id']}: {node['html'][:200]}" for v in found for node in v["nodes"]]


@contextmanager
def visit(origin: str, *, theme: str, language: str) -> Iterator[Visit]:
    """Open a fresh profile in a theme and a language."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        # The sandboxed preview of a mail has no storage.
        context.add_init_script(f"try {{ localStorage.adminTheme = '\"{theme}\"' }} catch (error) {{}}")
        context.set_default_timeout(60_000)  # a slow machine shows everything, later
        context.add_cookies([{"name": "django_language", "value": language, "url": origin}])
        page = context.new_page()
        window = Visit(page, origin)
        page.on("pageerror", lambda error: window.complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                window.complaints.append(
                    f"{page.url}: {message.text} {message.location.get('url', '')}".strip()
                )
                if message.type == "error"
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None if _ours(request.url, origin) else window.complaints.append(f"asks {request.url}")
            ),
        )
        try:
            yield window
        finally:
            browser.close()
            hang_up()


def hang_up() -> None:
    """Close the database for this thread as long as Playwright's loop runs in it.

    What Django keeps for a thread with a loop is apart from what it keeps without one: nobody else would
    close that connection, and no database can be dropped that somebody uses.
    """
    connections.close_all()


def _ours(url: str, origin: str) -> bool:
    return urlsplit(url).scheme in {"data", "blob", "about"} or url.startswith(f"{origin}/")
