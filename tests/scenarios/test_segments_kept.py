"""What the builder keeps: every node, two tabs, a session that ended, a long paste."""

from accounts import jobs
from accounts.models import Job
from segments.models import Segment
from segments.services import ensure_ready_made, save_segment
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.building import NOW, Keyboard, look, shop, watched

__all__ = ["shop"]
pytestmark = MARKS

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
        narrowed = {"event": "purchase", "category": ["grocery"], "count": {"gte": 1}}
        window.wait_for(lambda: asked[-1]["rule"]["all"][0] == narrowed, lambda: asked[-1])
        for _ in range(6):
            keys.press("Control+z")
        window.wait_for(lambda: asked[-1]["rule"] == WIDE, lambda: asked[-1])
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
        within = {"segment": "whole"}
        window.wait_for(lambda: asked[-1]["rule"]["all"][0]["top"].get("of") == within, lambda: asked[-1])
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
        window.wait_for(lambda: inner_kinds(asked[-1]) == ["count", "field"], lambda: asked[-1])
        keys.go(":remove")
        keys.press("Enter")
        keys.size("4")
        keys.press("Control+z")
        keys.size("2")
        assert window.faults() == []
        assert window.complaints == []


def inner_kinds(asked):
    """Return by what each condition within a ranking is known."""
    return [sorted(one)[0] for one in asked["rule"]["all"][0]["top"]["of"].get("all", [])]


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
        window.wait_for(lambda: any('"DE"' in route.request.post_data for route in held), "the first")
        keys.press("Backspace", "Backspace")
        page.keyboard.type("FR")
        window.wait_for(lambda: any('"FR"' in route.request.post_data for route in held), "the second")
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
        page.wait_for_function(
            "document.querySelector('[data-sb=conflict]')?.textContent.includes('removed')"
        )
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
