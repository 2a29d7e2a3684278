"""Scenario 10: a mail is built of blocks and fits every screen; pasted HTML comes out unchanged."""

from base64 import b64decode

import pytest

from campaigns.content.models import BrandKit, Template, TemplateVersion
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import DARK_FIRST, LIGHT_FIRST, MARKS, visit
from tests.scenarios.messages import inbox, look, previewed, saved, shop

__all__ = ["inbox", "shop"]
pytestmark = MARKS
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGNgaPiPFTEMLQkA6l5/gVqaKZcAAAAASUVORK5CYII="


@pytest.mark.parametrize(("theme", "language"), DARK_FIRST)
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
        page.hover("[data-key='block:b1']")
        page.mouse.down()
        # Of one move alone a busy browser may not tell the page that something is dragged over it.
        for _ in range(2):
            page.hover("[data-key='block:title']", force=True)
        page.mouse.up()
        page.wait_for_function(
            """() => { const names = [...document.querySelectorAll('.ce-block')].map(b => b.dataset.key);
            return names.indexOf('block:b1') === names.indexOf('block:title') - 1; }"""
        )
        # A picture of one's own, which the preview shows without asking another origin.
        page.click("[data-ce=add]")
        page.click("[data-kind=image]")
        page.set_input_files(
            "input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": b64decode(PNG)}
        )
        page.wait_for_function("document.querySelector('[data-key=\"b2.url\"]')?.value.includes('/p/')")
        page.fill("[data-key='b2.alt']", "A blue square")
        page.wait_for_selector("[data-ce=findings] .good:has-text('KB')")
        page.wait_for_function("document.querySelector('iframe:not(.is-back)')?.src.includes('#rp-b2')")
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
        page.click("[data-key='block:title']")
        page.fill("[data-key='title.text']", "Hi {{ customer.first_name }}, here you are")
        page.wait_for_selector("[data-ce=findings] .advice:has-text('first_name')")
        # On a phone, in the dark.
        page.click("[data-width=phone]")
        page.click("[data-ce=dark]")
        page.wait_for_timeout(700)
        look(window, "template-phone", faults)
        # Nothing is wider than the screen, on a phone or a computer.
        for width in ("phone", "desktop"):
            page.click(f"[data-width={width}]")
            frame = previewed(window, "Jun")
            assert frame.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
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
        with first.expect_navigation():
            first.click("[data-ce=theirs]")
        assert first.input_value("[data-ce=subject]") == "From the second window"
        first.fill("[data-ce=subject]", "Now the first")
        first.wait_for_selector("[data-ce=saved][data-state=saved]")
        second.fill("[data-ce=subject]", "The second insists")
        second.wait_for_selector("[data-ce=conflict][open]")
        second.click("[data-ce=mine]")
        second.wait_for_selector("[data-ce=saved][data-state=saved]")
        template.refresh_from_db()
        assert template.draft["subject"] == "The second insists"


@pytest.mark.parametrize(("theme", "language"), LIGHT_FIRST)
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
        page.wait_for_function("document.querySelector('[data-ce=length]')?.textContent.includes('161')")
        assert "GSM-7" in page.inner_text("[data-ce=length]")
        look(window, "template-sms", faults)
        assert window.go(f"/admin/templates/{shop['push_arrival'].template.pk}/") == 200
        page.wait_for_function("document.querySelector('[data-ce=pushTitle]')?.textContent")
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
