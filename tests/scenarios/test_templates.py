"""The editor of messages, as a marketer works in it: every edit, checks, saving, two windows, a test."""

import os
import shutil
import socket
from base64 import b64decode
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from django.core.management import call_command

from accounts.models import User
from campaigns.content.models import BrandKit, Template, TemplateVersion
from campaigns.content.starters import ensure_starter_templates
from campaigns.coupons.models import Coupon
from catalog.services import upsert_products
from core import clock
from core.money import Money
from customers.services import upsert_customers
from delivery.models import Message
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import Visit, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not shutil.which("chromium"), reason="NO CHROMIUM: THE BROWSER TESTS DID NOT RUN"),
]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGNgaPiPFTEMLQkA6l5/gVqaKZcAAAAASUVORK5CYII="
PRODUCTS = (("Merino base layer", "59"), ("Running gloves", "29"), ("Head torch", "60"), ("Bottle", "35"))


class Inbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(  # noqa: N802  aiosmtpd calls it so
        self, server, session, envelope
    ):
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def inbox(settings):
    handler = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield handler
    controller.stop()


@pytest.fixture
def shop(settings, monkeypatch, live_server):
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.SHOP_AS_OF, settings.SHOP_NAME = NOW.isoformat(), "Northwind Outdoor"
    settings.PUBLIC_URL = live_server.url
    call_command("build_assets", verbosity=0)
    User.objects.create_superuser("alice", "alice@demo.invalid", PASSWORD, first_name="Alice")
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
    faults += [f"{name} {fault}" for fault in window.faults()]
    shoot(window, name)


def shoot(window: Visit, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        theme = window.page.evaluate("document.documentElement.className.includes('dark') ? 'dark' : 'light'")
        window.page.screenshot(path=str(Path(folder) / f"{name}-{theme}.png"))


def previewed(window: Visit, words: str) -> None:
    """Wait until the frame in front shows these words."""
    page = window.page
    for _turn in range(100):
        for frame in page.frames[1:]:
            shown = "is-back" not in (frame.frame_element().get_attribute("class") or "")
            if shown and words in frame.evaluate("document.body ? document.body.innerText : ''"):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"no preview shows {words}")


def saved(window: Visit) -> None:
    window.page.wait_for_selector("[data-ce=saved][data-state=saved]", timeout=5000)


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-hans")])
def test_a_message_is_written_seen_checked_and_saved(live_server, shop, inbox, theme, language):
    faults: list[str] = []
    template = shop["winback"].template
    with visit(live_server.url, theme=theme, language=language) as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        assert window.go("/admin/templates/") == 200
        look(window, "templates", faults)
        assert window.go(f"/admin/templates/{template.pk}/") == 200
        previewed(window, "ABCDE-FGH23")
        look(window, "template-editor", faults)
        # As a customer who reads Chinese.
        page.fill("[data-ce=person]", "Jun")
        page.click("[data-ce=people] button:has-text('Jun Wang')")
        previewed(window, "Jun，我们为您留了些好东西")
        # Added by keyboard, written, moved up, undone, done again.
        page.focus("[data-ce=add]")
        page.keyboard.press("Enter")
        look(window, "template-palette", faults)
        page.click("[data-kind=text]")
        page.keyboard.press("Control+a")
        page.keyboard.type("A **very** good day")
        previewed(window, "A very good day")
        page.click("[data-key='block:b1']")
        names = "all => all.map(b => b.dataset.key)"
        before = page.eval_on_selector_all(".ce-block", names)
        page.keyboard.press("Alt+ArrowUp")
        after = page.eval_on_selector_all(".ce-block", names)
        assert before.index("block:b1") - after.index("block:b1") == 1
        assert page.evaluate("document.activeElement.dataset.key") == "block:b1"
        page.keyboard.press("Control+z")
        assert page.eval_on_selector_all(".ce-block", names) == before
        page.keyboard.press("Control+y")
        assert page.eval_on_selector_all(".ce-block", names) == after
        # Moved by the mouse, in front of the headline.
        page.drag_and_drop("[data-key='block:b1']", "[data-key='block:title']")
        moved = page.eval_on_selector_all(".ce-block", names)
        assert moved.index("block:b1") == moved.index("block:title") - 1
        # A picture of one's own, which the preview shows without asking another origin.
        page.click("[data-ce=add]")
        page.click("[data-kind=image]")
        page.set_input_files(
            "input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": b64decode(PNG)}
        )
        page.wait_for_function("document.querySelector('[data-key=\"b2.url\"]').value.includes('/p/')")
        page.fill("[data-key='b2.alt']", "A blue square")
        page.wait_for_selector("[data-ce=findings] .good:has-text('KB')")
        page.wait_for_function("document.querySelector('iframe:not(.is-back)').src.includes('#rp-b2')")
        [shown] = [f for f in page.frames[1:] if "#rp-b2" in f.url][-1:]
        assert shown.evaluate("document.querySelector('img[alt=\"A blue square\"]')?.src").startswith(
            f"{live_server.url}/p/"
        )
        page.click("[data-key='remove:b2']")
        page.click("[data-key='block:b1']")
        # Duplicated and removed; the focus stays in the list.
        page.click("[data-key='copy:b1']")
        assert "block:b2" in page.eval_on_selector_all(".ce-block", names)
        page.focus("[data-key='block:b2']")
        page.keyboard.press("Delete")
        assert "block:b2" not in page.eval_on_selector_all(".ce-block", names)
        assert page.evaluate("document.activeElement.classList.contains('ce-block')")
        saved(window)
        # A variable that nobody has is named at its block, and cannot be saved as a version.
        page.click("[data-key='block:title']")
        page.fill("[data-key='title.text']", "Hi {{ customer.nickname }}")
        page.wait_for_selector("[data-ce=findings] .wrong:has-text('customer.nickname')")
        assert page.locator("[data-key='title.text'][aria-invalid]").count() == 1
        look(window, "template-mistake", faults)
        page.click("[data-ce=save]")
        page.wait_for_selector(".ce-told.bad")
        assert template.versions.count() == 1
        page.fill("[data-key='title.text']", "Hi {{ customer.first_name }}, here you are")
        page.wait_for_selector("[data-ce=findings] .advice:has-text('first_name')")
        # On a phone, in the dark.
        page.click("[data-width=phone]")
        page.click("[data-ce=dark]")
        page.wait_for_timeout(700)
        look(window, "template-phone", faults)
        # A test to oneself: no statistics, no code burnt.
        page.click("[data-ce=test]")
        look(window, "template-test", faults)
        page.fill("[data-ce=to]", "mia@demo.invalid, alice@demo.invalid")
        page.keyboard.press("Enter")
        page.wait_for_selector(".ce-told.ok")
        assert len(inbox.mails) == 2
        assert not Message.objects.exists()
        assert not Coupon.objects.exists()
        # A version, and its history.
        page.click("[data-ce=save]")
        page.wait_for_selector(".ce-told.ok:has-text('2')")
        saved(window)
        version = template.versions.first()
        texts = {block["id"]: block.get("text") for block in version.blocks}
        assert (version.number, texts["title"]) == (2, "Hi {{ customer.first_name }}, here you are")
        assert texts["b1"] == "A **very** good day"
        assert window.go(f"/admin/templates/{template.pk}/versions/") == 200
        assert page.locator(".cv-changes li").count() >= 2
        look(window, "template-versions", faults)
        page.click("form[action$='/restore/'] button")
        page.wait_for_url(f"**/admin/templates/{template.pk}/")
        assert template.versions.first().blocks == shop["winback"].blocks
        assert faults == []
        assert [c for c in window.complaints if "422" not in c] == []


def test_two_windows_never_write_over_each_other_unasked(live_server, shop, inbox):
    template = shop["coupon"].template
    with visit(live_server.url, theme="light", language="en") as window:
        window.sign_in("alice", PASSWORD)
        first = window.page
        window.go(f"/admin/templates/{template.pk}/")
        second = first.context.new_page()
        second.goto(f"{live_server.url}/admin/templates/{template.pk}/")
        second.fill("[data-ce=subject]", "From the second window")
        second.wait_for_selector("[data-ce=saved][data-state=saved]")
        first.fill("[data-ce=subject]", "From the first window")
        first.wait_for_selector("[data-ce=conflict][open]")
        template.refresh_from_db()
        assert template.draft["subject"] == "From the second window"
        first.click("[data-ce=theirs]")
        first.wait_for_function(
            "document.querySelector('[data-ce=subject]').value === 'From the second window'"
        )
        first.fill("[data-ce=subject]", "Now the first")
        first.wait_for_selector("[data-ce=saved][data-state=saved]")
        second.fill("[data-ce=subject]", "The second insists")
        second.wait_for_selector("[data-ce=conflict][open]")
        second.click("[data-ce=mine]")
        second.wait_for_selector("[data-ce=saved][data-state=saved]")
        template.refresh_from_db()
        assert template.draft["subject"] == "The second insists"


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-hans")])
def test_html_texts_and_the_brand(live_server, shop, inbox, tmp_path, theme, language):
    faults: list[str] = []
    document = tmp_path / "sale.html"
    source = (
        "\ufeff<!DOCTYPE html>\r\n<html>\n<body  style='x:y'>\t<P>Größe &amp; <br>\r\n"
        '<a href="{{ unsubscribe_url }}">Out</a> {{ shop.address }}</p></body></html>\r\n\r\n'
    )
    document.write_bytes(source.encode())
    with visit(live_server.url, theme=theme, language=language) as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        window.go("/admin/templates/")
        page.click("[data-open=begin]")
        look(window, "template-begin", faults)
        page.fill("[name=name]", "Pasted")
        page.set_input_files("[name=html]", str(document))
        page.keyboard.press("Enter")
        page.wait_for_url("**/admin/templates/*-*/")
        previewed(window, "Größe &")
        page.fill("[data-ce=subject]", "Sale")
        look(window, "template-html", faults)
        page.click("[data-ce=save]")
        page.wait_for_selector(".ce-told.ok")
        assert TemplateVersion.objects.get(template__name="Pasted").html == source
        # A text message with its length, a notification.
        assert window.go(f"/admin/templates/{shop['sms_reminder'].template.pk}/") == 200
        page.fill("[data-key='sms.text']", "x" * 161)
        page.wait_for_function("document.querySelector('[data-ce=length]').textContent.includes('161')")
        assert "GSM-7" in page.inner_text("[data-ce=length]")
        look(window, "template-sms", faults)
        assert window.go(f"/admin/templates/{shop['push_arrival'].template.pk}/") == 200
        page.wait_for_function("document.querySelector('[data-ce=pushTitle]').textContent !== ''")
        look(window, "template-push", faults)
        # The brand is shown while one chooses, and stored once.
        assert window.go("/admin/brand/") == 200
        page.fill("[name=accent]", "#7c3aed")
        page.wait_for_timeout(900)
        look(window, "brand", faults)
        page.click(".cb-actions button")
        page.wait_for_load_state("networkidle")
        assert BrandKit.objects.get().accent == "#7c3aed"
        page.click("form[action$='/dress/'] button")
        page.wait_for_load_state("networkidle")
        newest = Template.objects.get(name="Welcome").versions.first()
        assert (newest.number, "#7c3aed" in newest.html) == (2, True)
        assert faults == []
        assert [c for c in window.complaints if "422" not in c] == []
