"""The segment builder, as somebody without a mouse works in it: every edit, undo, errors, saving."""

import os
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts import jobs
from accounts.models import Job, User
from core import clock
from customers.services import upsert_customers
from events.services import ingest
from segments.models import Segment
from segments.refresh import refresh_all
from segments.services import ensure_ready_made, save_segment
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import DARK_FIRST, Visit, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not shutil.which("chromium"), reason="NO CHROMIUM: THE BROWSER TESTS DID NOT RUN"),
]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENTENCES = {"en": "from Germany and likes jazz", "zh-hans": "来自德国，喜欢爵士"}


@pytest.fixture
def shop(settings, monkeypatch):
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.SHOP_AS_OF = NOW.isoformat()
    call_command("build_assets", verbosity=0)
    User.objects.create_superuser("alice", "alice@demo.invalid", PASSWORD, first_name="Alice")
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
        return self.page.evaluate("document.activeElement.dataset.key || ''")

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
            return !size.hasAttribute('aria-busy') && size.textContent === e; }""",
            arg=expected,
        )

    def subjects(self) -> list[str]:
        return self.page.eval_on_selector_all(".sb-subject", "all => all.map(s => s.value)")


def look(window: Visit, name: str, faults: list[str]) -> None:
    faults += [f"{name} {fault}" for fault in window.faults()]
    if folder := os.environ.get("SHOTS"):
        theme = window.page.evaluate("document.documentElement.className.includes('dark') ? 'dark' : 'light'")
        window.page.screenshot(path=str(Path(folder) / f"{name}-{theme}.png"), full_page=True)


@pytest.mark.parametrize(("theme", "language"), DARK_FIRST)
def test_a_segment_is_built_by_keyboard_alone(live_server, shop, theme, language):
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        page, keys = window.page, Keyboard(window)
        window.sign_in("alice", PASSWORD)
        assert window.go("/admin/segments/new/") == 200
        keys.size("10")
        # A first condition: country is DE. Counts come while typing; the focus does not move.
        keys.go(":add")
        keys.press("Enter")
        assert keys.focus().endswith(":subject")
        keys.choose("field:customer.country")
        keys.go(":op")
        keys.choose("eq")
        keys.go(":value")
        page.keyboard.type("DE")
        keys.size("4")
        assert keys.focus().endswith(":value")
        assert page.evaluate("document.activeElement.selectionStart") == 2
        # A second one: bought in the last 90 days.
        keys.go(":add")
        keys.press("Enter")
        keys.choose("event:purchase")
        keys.size("2")
        counts = page.eval_on_selector_all(".sb-leaf .sb-count", "all => all.map(c => c.textContent)")
        assert counts == ["4", "3"]
        # Moved up without leaving it, and back by undo.
        keys.press("Alt+ArrowUp")
        assert keys.subjects() == ["event:purchase", "field:customer.country"]
        assert keys.focus().endswith(":subject")
        keys.press("Control+z")
        assert keys.subjects() == ["field:customer.country", "event:purchase"]
        keys.press("Control+y")
        assert keys.subjects() == ["event:purchase", "field:customer.country"]
        look(window, "segment-builder", faults)
        # Put into a group, in which either counts; then taken apart again.
        keys.go(":dots")
        keys.press("Enter")
        keys.go(":nest")
        look(window, "segment-menu", faults)
        keys.press("Enter")
        assert keys.focus().endswith(":add")
        assert page.locator(".sb-group").count() == 2
        keys.press("Enter")
        keys.choose("field:customer.external_id")
        keys.go(":op")
        keys.choose("eq")
        keys.go(":value")
        page.keyboard.type("c0")
        keys.size("2")
        # The opposite, then back: twice turned is as before.
        keys.go(":dots")
        keys.press("Enter")
        keys.go(":turn")
        keys.press("Enter")
        keys.size("4")
        assert page.locator(".sb-not").count() == 1
        keys.go(":not", back=True)
        keys.press("Enter")
        keys.size("2")
        # What the server does not take is said at the condition it is about.
        keys.go(":span", back=True)
        keys.press("Control+a")
        page.keyboard.type("99999")
        page.wait_for_selector(".sb-leaf.is-wrong .sb-error:not(:empty)")
        wrong = page.eval_on_selector_all(".sb-leaf.is-wrong .sb-subject", "all => all.map(s => s.value)")
        assert wrong == ["event:purchase"]
        look(window, "segment-error", faults)
        keys.press("Control+z")
        keys.size("2")
        assert page.locator(".is-wrong").count() == 0
        # Removed, and the focus goes to a neighbour.
        keys.go(":remove")
        keys.press("Enter")
        assert keys.focus().endswith((":subject", ":word"))
        keys.press("Control+z")
        keys.size("2")
        # Saved by name; without one the page says what is missing.
        page.focus("[data-sb=save]")
        keys.press("Enter")
        page.wait_for_selector("[data-sb=name][aria-invalid]")
        assert page.evaluate("document.activeElement.dataset.sb") == "name"
        page.keyboard.type("Germans who buy")
        page.focus("[data-sb=save]")
        keys.press("Enter")
        page.wait_for_url("**/admin/segments/*-*/")
        page.wait_for_load_state("networkidle")
        segment = Segment.objects.get(ready_made=False)
        assert segment.name == "Germans who buy"
        assert segment.rule["all"][0]["any"][0]["event"] == "purchase"
        look(window, "segment-waiting", faults)
        refresh_all(as_of=NOW, now=clock.now(), slugs=[segment.slug])
        page.wait_for_selector("#segment-members")
        page.wait_for_load_state("networkidle")
        assert page.inner_text(".st-kpi .v >> nth=0") == "2"
        look(window, "segment-page", faults)
        assert window.go("/admin/segments/segment/") == 200
        look(window, "segment-list", faults)
        assert faults == []
        assert [c for c in window.complaints if "422" not in c] == []


@pytest.mark.parametrize(
    ("theme", "language"), [("dark", "en"), pytest.param("light", "zh-hans", marks=pytest.mark.long)]
)
def test_a_sentence_a_template_and_why_somebody_is_in(live_server, shop, theme, language):
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        page, keys = window.page, Keyboard(window)
        window.sign_in("alice", PASSWORD)
        assert window.go("/admin/segments/new/") == 200
        page.focus("[data-sb=sentence]")
        page.keyboard.type(SENTENCES[language])
        keys.press("Enter")
        page.wait_for_selector(".sb-unclear q")
        assert page.inner_text(".sb-unclear q") in ("likes jazz", "喜欢爵士")
        assert keys.subjects() == ["field:customer.country"]
        keys.size("4")
        page.focus("[data-sb=person]")
        page.keyboard.type("c9")
        page.wait_for_selector(".sb-person")
        keys.press("Tab", "Enter")
        page.wait_for_selector(".sb-why .bad")
        assert page.locator("[data-sb=why] .sb-why .bad").count() == 2
        assert "FR" in page.inner_text("[data-sb=why]")
        page.focus("[data-sb=overlap] summary")
        keys.press("Enter")
        page.wait_for_selector("[data-sb=overlaps] li")
        # A ready-made one takes its place; one undo brings the sentence's conditions back.
        page.focus("[data-sb=templates] summary")
        keys.press("Enter")
        page.wait_for_selector("[data-template]")
        keys.press("Tab", "Enter")
        page.wait_for_function("document.querySelector('.sb-subject').value === 'field:profile.rfm_class'")
        look(window, "segment-template", faults)
        page.focus("[data-sb=undo]")
        keys.press("Enter")
        assert keys.subjects() == ["field:customer.country"]
        assert page.evaluate("document.activeElement.dataset.sb") == "undo"
        # Used once: a list of those who fit now, and a campaign to it.
        page.focus("[data-sb=once]")
        keys.press("Enter")
        page.wait_for_url("**/admin/campaigns/new/?segment=*")
        frozen = Segment.objects.get(kind=Segment.Kind.STATIC)
        assert frozen.size == 4
        assert window.go(f"/admin/segments/{frozen.pk}/") == 200
        look(window, "segment-static", faults)
        assert window.go("/admin/segments/lists/new/") == 200
        look(window, "segment-new-list", faults)
        for width in (1024, 390):
            page.set_viewport_size({"width": width, "height": 800})
            for path in ("/admin/segments/new/?from=cart-abandoners", f"/admin/segments/{frozen.pk}/"):
                window.go(path)
                page.wait_for_timeout(200)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, path)
        assert faults == []
        assert window.complaints == []


TOP = {"top": {"field": "profile.orders", "n": 3, "order": "desc"}}
WIDE = {
    "all": [
        {
            "event": "purchase", "category": ["grocery"], "brand": ["Acme"], "count": {"gte": 1},
            "properties": {"colour": "red"},
        },
        {
            "sequence": [{"event": "view", "latest": 3}, {"event": "purchase", "product": ["tea"]}],
            "within": {"hours": 24},
        },
        {"field": "customer.created_at", "op": "after", "value": "2024-05-01T10:00"},
        {"share": {"percent": 10, "salt": "spring", "from": 20}},
        {"not": {"top": {**TOP["top"], "of": {"any": [{"segment": "whole"}, {"not": {"event": "view"}}]}}}},
        {"event": "purchase", "within_days": 30, "until": "2026-02-01"},
    ]
}  # fmt: skip


@contextmanager
def watched(window: Visit):
    """Keep the last rule that the page asked about."""
    asked: list[dict] = []
    window.page.on(
        "request",
        lambda request: asked.append(request.post_data_json) if request.url.endswith("/preview/") else None,
    )
    yield asked


def test_the_rule_within_a_ranking_and_every_node_survive_the_builder(live_server, shop):
    whole = save_segment(Segment(name="Whole", slug="whole", rule={"all": []}), now=NOW)
    wide = save_segment(Segment(name="x" * 150, rule=WIDE), now=NOW)
    with visit(live_server.url, theme="light", language="en") as window, watched(window) as asked:
        page, keys = window.page, Keyboard(window)
        window.sign_in("alice", PASSWORD)
        # What is stored comes back as it is: nothing is lost by looking at it.
        assert window.go(f"/admin/segments/{wide.pk}/edit/") == 200
        page.wait_for_selector("[data-sb=size]:not([aria-busy])")
        assert asked[-1]["rule"] == WIDE
        assert page.locator(".sb-of .sb-leaf").count() == 2
        # Only the first step of a sequence has a window, so only it offers one.
        assert page.locator(".sb-step >> nth=1").locator("[data-key$=':window']").count() == 0
        # The second narrowing is taken away, the first stays.
        keys.go(":e:of1")
        keys.choose("")
        keys.go(":property0x")
        keys.press("Enter")
        page.wait_for_timeout(400)
        assert asked[-1]["rule"]["all"][0] == {
            "event": "purchase", "category": ["grocery"], "count": {"gte": 1},
        }  # fmt: skip
        for _ in range(6):
            keys.press("Control+z")
        page.wait_for_timeout(400)
        assert asked[-1]["rule"] == WIDE
        # A ranking among those who fit conditions of their own, made by keyboard.
        page.evaluate("window.onbeforeunload = null")
        assert window.go("/admin/segments/new/") == 200
        keys.go(":add")
        keys.press("Enter")
        page.locator(":focus").select_option("top")
        keys.size("0")  # nobody has a revenue here
        keys.go(":figure")
        keys.choose("customer.created_at")
        keys.size("10")
        keys.go(":of")
        keys.choose(whole.slug)
        page.wait_for_timeout(400)
        assert asked[-1]["rule"]["all"][0]["top"]["of"] == {"segment": "whole"}
        keys.choose("*")
        # The segment went into the conditions; one of them is changed, one added, one moved, one removed.
        inner = page.locator(".sb-of .sb-group .sb-subject")
        assert inner.evaluate_all("all => all.map(one => one.value)") == ["segment"]
        keys.go(":subject")
        page.locator(":focus").select_option("field:customer.country")
        keys.go(":op")
        keys.choose("eq")
        keys.go(":value")
        page.keyboard.type("DE")
        keys.size("4")
        assert page.locator(".sb-of .sb-leaf .sb-count").inner_text() == "4"
        keys.go(":add")
        keys.press("Enter")
        page.locator(":focus").select_option("event:purchase")
        keys.size("2")
        keys.press("Alt+ArrowUp")
        assert inner.evaluate_all("all => all.map(one => one.value)") == [
            "event:purchase",
            "field:customer.country",
        ]
        page.wait_for_timeout(400)
        of = asked[-1]["rule"]["all"][0]["top"]["of"]
        assert [sorted(one)[0] for one in of["all"]] == ["count", "field"]
        keys.go(":remove")
        keys.press("Enter")
        keys.size("4")
        keys.press("Control+z")
        keys.size("2")
        assert window.faults() == []
        assert window.complaints == []


def test_two_tabs_a_session_that_ended_and_answers_out_of_order(live_server, shop):
    segment = save_segment(Segment(name="Shared", rule={"all": []}), now=NOW)
    address = f"/admin/segments/{segment.pk}/edit/"
    with visit(live_server.url, theme="dark", language="en") as window:
        page, keys = window.page, Keyboard(window)
        window.sign_in("alice", PASSWORD)
        window.go(address)
        # The first answers come last: what was typed last stands there in the end.
        held = []
        page.route("**/segments/preview/", lambda route: held.append(route))
        keys.go(":add")
        keys.press("Enter")
        page.locator(":focus").select_option("field:customer.country")
        keys.go(":op")
        keys.choose("eq")
        keys.go(":value")
        page.keyboard.type("DE")
        page.wait_for_timeout(400)
        keys.press("Backspace", "Backspace")
        page.keyboard.type("FR")
        page.wait_for_timeout(400)
        assert len(held) >= 2
        for route in reversed(held):
            route.continue_()
        page.unroute("**/segments/preview/")
        keys.size("6")
        # Another tab was quicker: it is said, and neither version is lost.
        other = {"all": [{"field": "customer.country", "op": "eq", "value": "DE"}]}
        Segment.objects.filter(pk=segment.pk).update(rule=other, version=2)
        page.focus("[data-sb=save]")
        keys.press("Enter")
        page.wait_for_selector("[data-sb=conflict]:not([hidden])")
        assert Segment.objects.get(pk=segment.pk).rule == other
        faults: list[str] = []
        look(window, "segment-conflict", faults)
        # The session ends while one types; signed in again elsewhere, one goes on where one was.
        cookies = [one for one in page.context.cookies() if one["name"] == "sessionid"]
        page.context.clear_cookies(name="sessionid")
        page.focus("[data-sb=tree] [data-key$=':value']")
        keys.press("End", "Backspace")
        page.wait_for_selector("[data-sb=problem] a")
        assert "signed out" in page.inner_text("[data-sb=problem]")
        assert keys.subjects() == ["field:customer.country"]
        look(window, "segment-signed-out", faults)
        page.context.add_cookies(cookies)
        page.keyboard.type("R")
        keys.size("6")
        assert page.locator("[data-sb=problem] a").count() == 0
        # Removed underneath: what one has is saved as a new one.
        segment.delete()
        page.focus("[data-sb=save]")
        keys.press("Enter")
        page.wait_for_function("document.querySelector('[data-sb=conflict]').textContent.includes('removed')")
        assert page.locator("[data-sb=conflict] a").count() == 0
        keys.press("Enter")
        page.wait_for_url("**/admin/segments/*-*/")
        made = Segment.objects.get(ready_made=False)
        assert (made.name, made.rule["all"][0]["value"]) == ("Shared", "FR")
        assert faults == []
        assert [c for c in window.complaints if "409" not in c] == []


def test_a_long_paste_is_counted_sent_and_watched(live_server, shop):
    ensure_ready_made(now=NOW)
    faults: list[str] = []
    with visit(live_server.url, theme="light", language="zh-hans") as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        window.go("/admin/segments/lists/new/")
        page.fill("[name=name]", "Fair")
        lines = [f"c{n}" for n in range(10)] + [f"stranger-{n:05}@{'x' * 40}.invalid" for n in range(11_990)]
        page.evaluate(
            """text => { const box = document.querySelector('textarea'); box.value = text;
            box.dispatchEvent(new Event('input')); }""",
            "\n".join(lines),
        )
        assert "12,000" in page.inner_text("[data-lines]")
        page.click(".st-btn.p")
        page.wait_for_url("**/lists/changes/*/")
        job = Job.objects.get(kind="list")
        assert job.state == Job.State.QUEUED
        look(window, "segment-list-waiting", faults)
        jobs.run(job)
        page.wait_for_selector(".st-kpi")
        page.wait_for_load_state("networkidle")
        assert page.inner_text(".st-kpi .v >> nth=3") == "11,990"
        look(window, "segment-list-result", faults)
        with page.expect_download() as taken:
            page.click("a[download]")
        assert taken.value.path().read_text("utf-8-sig").count("\n") == 11_991
        assert Segment.objects.get(name="Fair").size == 10
        # An empty gallery entry is adopted with its name.
        window.go("/admin/segments/new/")
        page.wait_for_selector("[data-template]")
        look(window, "segment-gallery", faults)
        page.click("[data-template=vip]")
        assert page.locator(".sb-of .sb-leaf").count() == 1
        assert faults == []
        assert window.complaints == []
