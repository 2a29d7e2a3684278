"""Tuning decisions in general: policy, evidence that decides once, shrunk effects, and the way back."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from accounts.models import AuditEntry, Notice
from recommendations.models import Champion, Posterior, Strategy, TuningDecision, TuningPolicy
from recommendations.selectors import tuning_history
from recommendations.services.tuning import (
    Evidence,
    Expected,
    Figures,
    StaleDecisionError,
    approve_decision,
    decide_strategy,
    decline_decision,
    propose,
    roll_back,
    set_policy,
)
from recommendations.services.tuning.shrinking import prior_of, shrunk
from recommendations.strategies import ensure_strategies

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SUBJECT = "blend:replenish"
_State = TuningDecision.State


@pytest.fixture
def posterior(db):
    return Posterior.objects.create(subject=SUBJECT, parameters={"alpha": {}}, updated_at=NOW)


def alpha() -> dict[str, float]:
    return Posterior.objects.get(subject=SUBJECT).parameters["alpha"]


def suggest(reference: str, after: dict[str, float], *, before: dict[str, float] | None = None, **more):
    return propose(
        "blend",
        SUBJECT,
        evidence=Figures(reference, NOW, {"n": 7}),
        before={"alpha": before or {}},
        after={"alpha": after},
        now=NOW,
        **more,
    )


def test_it_is_applied_by_itself_unless_the_shop_says_otherwise(posterior):
    decision = suggest("t#1", {"als": 3.0})
    assert (decision.state, decision.changed, decision.decided_at) == (_State.APPLIED, True, NOW)
    assert decision.evidence == {"kind": "live", "reference": "t#1", "n": 7}
    assert alpha() == {"als": 3.0}


def test_what_waits_changes_nothing_until_a_person_approves(posterior, admin_user):
    set_policy("blend", "approve", user=admin_user, now=NOW)
    entry = AuditEntry.objects.get(action="tuning.policy_set")
    assert (entry.user, entry.before, entry.after) == (admin_user, {"mode": "auto"}, {"mode": "approve"})

    decision = suggest("t#1", {"als": 3.0})
    assert (decision.state, decision.changed, decision.decided_at) == (_State.PROPOSED, False, None)
    assert alpha() == {}
    assert Notice.objects.get(user=admin_user).url == "/admin/tuning/"

    approve_decision(decision, user=admin_user, now=NOW)
    assert alpha() == {"als": 3.0}
    decision.refresh_from_db()
    assert (decision.state, decision.changed, decision.decided_by) == (_State.APPLIED, True, admin_user)
    with pytest.raises(ValueError, match="waits for nobody"):
        decline_decision(decision, user=admin_user, now=NOW)


def test_what_was_declined_is_not_proposed_again(posterior, admin_user):
    set_policy("blend", "approve", user=None, now=NOW)
    decision = suggest("t#1", {"als": 3.0})
    decline_decision(decision, user=admin_user, now=NOW, reason="Not before Christmas")
    assert suggest("t#1", {"als": 3.0}).pk == decision.pk
    decision.refresh_from_db()
    assert (decision.state, decision.reason) == (_State.DECLINED, "Not before Christmas")
    assert alpha() == {}
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)[1:]) == [
        "tuning.proposed",
        "tuning.declined",
    ]


def test_newer_evidence_overtakes_what_still_waits(posterior):
    set_policy("blend", "approve", user=None, now=NOW)
    old, new = suggest("t#1", {"als": 3.0}), suggest("t#2", {"als": 4.0})
    assert [one.state for one in tuning_history(kind="blend")] == [_State.PROPOSED, _State.OVERTAKEN]
    with pytest.raises(ValueError, match="waits for nobody"):
        approve_decision(old, user=None, now=NOW)
    approve_decision(new, user=None, now=NOW)
    assert alpha() == {"als": 4.0}


def test_a_kind_that_is_off_only_notes(posterior):
    set_policy("blend", "off", user=None, now=NOW)
    decision = suggest("t#1", {"als": 3.0})
    assert (decision.state, decision.changed) == (_State.NOTED, False)
    assert alpha() == {}
    with pytest.raises(ValueError, match="nothing to roll back"):
        roll_back(decision, user=None, now=NOW)


def test_no_approval_of_what_has_changed_meanwhile(posterior):
    set_policy("blend", "approve", user=None, now=NOW)
    decision = suggest("t#1", {"als": 3.0})
    posterior.parameters = {"alpha": {"content": 1.0}}
    posterior.save()
    with pytest.raises(StaleDecisionError):
        approve_decision(decision, user=None, now=NOW)
    decision.refresh_from_db()
    assert (decision.state, alpha()) == (_State.PROPOSED, {"content": 1.0})


def test_a_policy_is_one_of_those_there_are(db):
    with pytest.raises(ValueError, match="Choose one"):
        set_policy("blend", "always", user=None, now=NOW)
    with pytest.raises(LookupError, match="no kind of tuning decision"):
        set_policy("weather", "auto", user=None, now=NOW)
    assert not TuningPolicy.objects.exists()


def test_rolling_back_two_steps_puts_the_first_champion_back(db):
    ensure_strategies(NOW)

    def crowned(treatment: str, control: str, reference: str) -> TuningDecision:
        evidence = Evidence(
            reference=reference, kind="live", verdict="better", control=control, treatment=treatment,
            versions={}, informative=10, figures={}, as_of=NOW,
        )  # fmt: skip
        return decide_strategy(use="email:replenish", evidence=evidence, now=NOW)

    def serves() -> str:
        return Champion.objects.get(use="email:replenish").strategy.key

    first = crowned("als", "popularity", "one#1")
    second = crowned("hybrid", "als", "two#1")
    with pytest.raises(StaleDecisionError, match="newer decision"):
        roll_back(first, user=None, now=NOW)
    assert serves() == "hybrid"
    roll_back(second, user=None, now=NOW)
    assert serves() == "als"
    roll_back(first, user=None, now=NOW)
    assert serves() == "popularity"
    assert Strategy.objects.get(key="popularity").champion_set.filter(decision=None).count() == 2


def test_effects_are_drawn_towards_what_such_changes_brought():
    # Two past effects say nothing yet: half of what was measured.
    few = shrunk(Expected(0.10, 0.04), [Expected(0.02, 0.01)] * 2)
    assert few["shrunk"] == pytest.approx(0.05)
    assert few["shrunk_se"] == pytest.approx(0.04 * 0.5**0.5)
    # DerSimonian & Laird by hand: w = 10,000 each, mean .02, Q = 8, C = 20,000: tau^2 = 6/20,000.
    past = [Expected(0.00, 0.01), Expected(0.02, 0.01), Expected(0.04, 0.01)]
    prior = prior_of(past)
    assert prior.mean == pytest.approx(0.02)
    assert prior.spread**2 == pytest.approx(0.0003)
    full = shrunk(Expected(0.10, 0.04), past)
    pull = 0.0016 / (0.0016 + 0.0003)
    assert full["shrunk"] == pytest.approx(pull * 0.02 + (1 - pull) * 0.10)
    # Past effects that do not differ by more than chance leave nothing of a wild one.
    same = shrunk(Expected(0.50, 0.10), [Expected(0.01, 0.02)] * 5)
    assert same["shrunk"] == pytest.approx(0.01)


def test_a_forecast_learns_from_the_decisions_before_it(posterior):
    for number, lift in enumerate((0.00, 0.02, 0.04)):
        suggest(f"t#{number}", {}, expected=Expected(lift, 0.01))
    decision = suggest("t#9", {"als": 1.0}, expected=Expected(0.10, 0.04))
    assert (decision.expected["past"], decision.expected["prior_mean"]) == (3, pytest.approx(0.02))
    assert decision.expected["shrunk"] < 0.04


@pytest.mark.django_db(transaction=True)
def test_rivals_with_the_same_evidence_decide_once():
    Posterior.objects.create(subject=SUBJECT, parameters={"alpha": {}}, updated_at=NOW)
    start, made, failed = threading.Barrier(4), [], []

    def rival() -> None:
        try:
            start.wait()
            made.append(suggest("t#1", {"als": 3.0}).pk)
        except Exception as error:  # shown below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=rival) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(set(made)) == 1
    assert TuningDecision.objects.count() == 1
    assert AuditEntry.objects.filter(action="tuning.decided").count() == 1
    assert alpha() == {"als": 3.0}
