"""Tuning as a marketer sees it: what waits, what is learned, and every step taken back."""

from datetime import timedelta

from accounts.models import AuditEntry
from campaigns.tuning.models import Holdback
from core import clock
from profiles.models import Clustering, Persona
from recommendations.models import Champion, Posterior, TuningDecision, TuningPolicy
from recommendations.services.tuning import Expected, Figures, propose, set_policy
from recommendations.strategies import ensure_strategies
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.test_imports import look

pytestmark = MARKS
USE = "email:replenish"


def learned() -> None:
    """Store a promotion with its holdback, shares by persona, what the log says, and two that wait."""
    now = clock.now()
    ensure_strategies(now)
    promotion = propose(
        "strategy", USE, evidence=Figures("spring#4", now, {"interval": [0.01, 0.07]}, verdict="better"),
        before={"strategy": "popularity"}, after={"strategy": "hybrid"}, expected=Expected(0.06, 0.02),
        now=now - timedelta(days=9),
    )  # fmt: skip
    Holdback.objects.create(
        decision=promotion, use=USE, old="popularity", new="hybrid", share=0.1, detectable=0.08,
        created_at=now,
    )  # fmt: skip
    fit = Clustering.objects.create(
        as_of=now, k=1, silhouette=0.5, stability=1, customers=40, artifact="", checksum="", active=True,
        created_at=now,
    )  # fmt: skip
    Persona.objects.create(number=1, name="Bargain hunters", name_edited=True, clustering=fit)
    shares = {"": {"hybrid": 0.71, "als": 0.29}, "1": {"hybrid": 0.99, "als": 0.01}}
    after = {"shares": shares, "in_use": "hybrid", "reference": "w"}
    before = {"shares": {}, "in_use": "hybrid", "reference": ""}
    seen = {"small": True, "campaigns_needed": 7}
    propose(
        "strategy-shares", USE, evidence=Figures("w", now, seen, kind="posterior"), before=before,
        after=after, now=now - timedelta(days=2),
    )  # fmt: skip
    told = {"judgeable": True, "reason": "", "snips": 3.21, "snips_se": 0.2, "effective": 812.0}
    unknown = {"judgeable": False, "reason": "never shown"}
    Posterior.objects.create(
        subject=f"offline:{USE}", key="", updated_at=now,
        parameters={"slope": 0.4, "error": 0.2, "pairs": 3, "judged": {"hybrid": told, "als": unknown}},
    )  # fmt: skip
    for number, key in enumerate(("content", "user-knn")):
        use = USE if number else "email:discover"
        propose(
            "candidate", use, evidence=Figures(f"{key}.v1", now, {}, kind="search"), before={"live": []},
            after={"live": [key]}, expected=Expected(0.1, 0.06), now=now,
        )  # fmt: skip


def test_what_waits_is_decided_and_what_was_decided_is_taken_back(live_server, alice):
    learned()
    set_policy("blend", "approve", user=None, now=clock.now())
    faults: list[str] = []
    for theme, language in (("light", "en"), ("dark", "zh-hans")):
        with visit(live_server.url, theme=theme, language=language) as window:
            window.sign_in("alice", PASSWORD)
            assert window.go("/admin/tuning/") == 200
            look(window, "tuning", faults)
            if language == "en":
                decide(window)
            assert window.complaints == []
    assert faults == []


def decide(window) -> None:
    page = window.page

    def after(button, within) -> None:
        page.locator(".st-idea", has_text=within).get_by_role("button", name=button).click()
        page.wait_for_load_state("networkidle")

    after("Apply", "try What similar customers buy")
    assert Posterior.objects.get(subject=f"candidates:{USE}").parameters == {"live": ["user-knn"]}
    after("Decline", "try Similar products")
    assert not Posterior.objects.filter(subject="candidates:email:discover").exists()
    states = dict(TuningDecision.objects.filter(kind="candidate").values_list("use", "state"))
    assert states == {USE: "applied", "email:discover": "declined"}
    after("Roll back", "Best of all (hybrid) serves instead of Best-sellers")
    assert page.url.endswith("/admin/tuning/")
    assert Champion.objects.get(use=USE).strategy.key == "popularity"
    page.get_by_label("Which strategy for whom").select_option("off")
    page.locator("form", has=page.get_by_label("Which strategy for whom")).get_by_role("button").click()
    page.wait_for_load_state("networkidle")
    assert TuningPolicy.objects.get(kind="strategy-shares").mode == "off"
    done = AuditEntry.objects.filter(user__username="alice", action__startswith="tuning.").order_by("pk")
    assert [entry.action for entry in done] == [
        "tuning.approved", "tuning.declined", "tuning.rolled_back", "tuning.policy_set"
    ]  # fmt: skip
