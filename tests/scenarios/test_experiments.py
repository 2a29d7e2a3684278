"""A live test as a marketer opens it: the sentence, its health, a decision by hand; and the control group."""

from datetime import timedelta
from decimal import Decimal

from campaigns.experiments.live.looks import take_look
from campaigns.experiments.models import Experiment
from campaigns.experiments.services import open_holdout
from core import clock
from tests.campaigns.experiments.live.crowd import buy, make_live, put
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.test_imports import look

pytestmark = MARKS


def make_tests() -> tuple[Experiment, Experiment, Experiment]:
    """Return a test with a winner, one that goes on, and one that nobody met."""
    now = clock.now()
    begun = now - timedelta(days=12)
    won = make_live(begun, name="Discount first or product first?", holdout=0.2, horizon=2500)
    put(won, "a", 1000, at=begun, buyers=50, amount=24)
    put(won, "b", 1000, at=begun + timedelta(days=1), buyers=108, amount=27)
    held = put(won, None, 500, at=begun, buyers=18, amount=22)
    buy(held[:40], at=begun - timedelta(days=20))
    for days in (3, 5, 7):
        take_look(won, as_of=begun + timedelta(days=days), now=begun + timedelta(days=days))
    take_look(won, as_of=now, now=now, planned=True, last=True)
    going = make_live(now - timedelta(days=2), name="Which subject?", arms=("a", "b", "c"), horizon=9000)
    for arm, buyers in (("a", 20), ("b", 24), ("c", 18)):
        put(going, arm, 400, at=now - timedelta(days=2), buyers=buyers)
    take_look(going, as_of=now, now=now)
    fresh = make_live(now, name="Just begun")
    return won, going, fresh


def test_from_the_sentence_to_a_decision(live_server, alice):
    won, going, fresh = make_tests()
    open_holdout(share=Decimal("0.05"), user=None, now=clock.now() - timedelta(days=60))
    pages = {
        "won": f"/admin/experiments/{won.pk}/",
        "going": f"/admin/experiments/{going.pk}/",
        "fresh": f"/admin/experiments/{fresh.pk}/",
        "list": "/admin/experiments/experiment/",
        "control": "/admin/control-group/",
    }
    faults: list[str] = []
    for theme, language, names in (("light", "en", tuple(pages)), ("dark", "zh-hans", ("won", "control"))):
        with visit(live_server.url, theme=theme, language=language) as window:
            window.sign_in("alice", PASSWORD)
            for name in names:
                assert window.go(pages[name]) == 200, name
                look(window, f"experiments-{name}", faults)
            assert window.complaints == []
            if language == "en":
                decide(window, pages["going"])
    assert faults == []
    going.refresh_from_db()
    assert (going.state, going.decision["winner"], going.decision["supported"]) == ("decided", "b", False)


def decide(window, address):
    window.go(address)
    assert "no clear difference yet" in window.page.locator(".st-verdict").inner_text().lower()
    window.page.select_option("#decide-winner", "b")
    window.page.fill("#decide-reason", "It fits the brand.")
    window.page.get_by_role("button", name="Decide", exact=True).click()
    window.page.wait_for_load_state("networkidle")
    text = window.page.locator("main").inner_text()
    assert "A person chose" in text
    assert "did not support" in text
