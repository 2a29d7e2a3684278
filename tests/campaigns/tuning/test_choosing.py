"""From what campaigns log to what the next one sends: strategies by persona, memory, the way back."""

from datetime import timedelta

import polars as pl
import pytest

from accounts.models import AuditEntry, Notice
from campaigns import actions
from campaigns.actions import ArmPlan, plan_test
from campaigns.decisions.frame import read_log
from campaigns.decisions.judging import judge
from campaigns.experiments.models import Assignment, Experiment
from campaigns.models import Campaign
from campaigns.selectors import runs_of
from campaigns.tuning import holdback, strategies
from campaigns.tuning.models import Holdback
from campaigns.tuning.steps import tune_all
from campaigns.tuning.strategies import learn_strategies, memory_of
from campaigns.tuning.watching import watch_promotions
from core import clock
from customers.models import Customer
from delivery.models import Message
from delivery.outbox.send import deliver
from events.models import Event
from profiles.models import Clustering, CustomerProfile, Persona
from recommendations.models import Champion, Decision, Posterior, TuningDecision
from recommendations.services.tuning import Evidence, Expected, decide_strategy, roll_back
from tests.campaigns.actions.conftest import now, postbox
from tests.factories.campaigns import make_lists, make_products, starter
from tests.factories.delivery import make_customers

__all__ = ["now", "postbox"]
pytestmark = pytest.mark.django_db(transaction=True)

USE = "email:replenish"
ARMS = [ArmPlan("a", "A", {"strategy": "popularity"}), ArmPlan("b", "B", {"strategy": "hybrid"})]


@pytest.fixture
def shop(now):
    """Forty people of two personas, the first of whom refuses to be profiled; two strategies."""
    people = make_customers(40, now=now)
    Customer.objects.filter(pk=people[0].pk).update(no_profiling=True)
    products = make_products(6, now=now)
    make_lists("popularity", products, people, now=now, champion=True)
    make_lists("hybrid", products[::-1], people, now=now)
    fit = Clustering.objects.create(
        as_of=now, k=2, silhouette=0.5, stability=1, customers=40, artifact="", checksum="", active=True,
        created_at=now,
    )  # fmt: skip
    personas = [Persona.objects.create(number=n, name=f"P{n}", clustering=fit) for n in (1, 2)]
    CustomerProfile.objects.bulk_create(
        CustomerProfile(customer=one, as_of=now, computed_at=now, persona=personas[i % 2])
        for i, one in enumerate(people)
    )
    return people


def campaign_of(now, slug: str, **plan):
    campaign = actions.create_campaign(
        slug=slug, name=slug, kind="email", user=None, now=now, content=starter("recommendations", now=now)
    )
    if plan:
        options = {"holdout_share": 0.0, "test_share": None, "metric": "conversion", "decide_after_days": 2}
        plan_test(campaign, user=None, now=now, **(options | plan))
        campaign.refresh_from_db()
    return actions.launch_campaign(campaign, user=None, now=now)


def send(campaign) -> None:
    for run in runs_of(campaign):
        deliver(run.pk, clock=clock.now)


def buy(customers, at, amount=10):
    Event.objects.bulk_create(
        Event(source="t", message_id=f"{at}{pk}", type="purchase", customer_id=pk, order_id=f"{at}{pk}",
              amount=amount, quantity=1, occurred_at=at, received_at=at)
        for pk in customers
    )  # fmt: skip


def test_a_tests_arms_are_logged_with_their_exact_chances_once(shop, now, postbox):
    campaign = campaign_of(now, "picks", arms=ARMS, holdout_share=0.2)
    send(campaign)
    [run] = runs_of(campaign)
    held = Assignment.objects.filter(variant=None)
    rows = list(Decision.objects.order_by("customer_id"))
    # Everybody but the one who refuses: written to or, as the others will be at their moment, held out.
    written = [row for row in rows if row.action["kind"] == "message"]
    assert len(written) == 40 - held.count() - (not held.filter(customer=shop[0]).exists())
    assert shop[0].pk not in {row.customer_id for row in rows}
    for row in written:
        place = Assignment.objects.select_related("variant").get(customer_id=row.customer_id)
        assert (row.action["key"], row.propensity) == (place.variant.key, place.propensity)
        assert row.action["strategy"] == place.variant.levers["strategy"]
        assert {one["key"]: one["p"] for one in row.eligible} == {
            "a": pytest.approx(0.4), "b": pytest.approx(0.4), "held-out": pytest.approx(0.2)
        }  # fmt: skip
        assert sum(one["p"] for one in row.eligible) == pytest.approx(1)
        assert row.context["persona"] in (1, 2)
        assert row.context["run"] == str(run.pk)
        assert row.slot == USE
    before = Decision.objects.count()
    Message.objects.update(state="pending", lease_until=None)
    send(campaign)
    assert Decision.objects.count() == before


def test_a_replay_treated_nobody_and_teaches_nothing(shop, now, postbox):
    content = starter("recommendations", now=now)
    campaign = actions.create_campaign(
        slug="past", name="past", kind="email", user=None, now=now, content=content
    )
    plan_test(
        campaign, user=None, now=now, arms=ARMS, holdout_share=0.2, test_share=None, metric="conversion",
        decide_after_days=2,
    )  # fmt: skip
    Experiment.objects.update(kind=Experiment.Kind.REPLAY)
    send(actions.launch_campaign(Campaign.objects.get(), user=None, now=now))
    sent = Message.objects.filter(state="sent")
    assert sent.count() + Assignment.objects.filter(variant=None).count() == 40
    assert {message.context["strategy"] for message in sent} == {"popularity", "hybrid"}
    assert not Decision.objects.exists()
    buy([message.customer_id for message in sent], clock.now())
    assert learn_strategies(now=clock.now() + timedelta(days=60)) == []


def planted(shop, now, monkeypatch, *, better="hybrid", small=False, days=40):
    """Send a test of strategies a month ago, after which only one strategy's people bought."""
    if not small:
        monkeypatch.setattr(strategies, "SMALL_SHOP", 10)
    past = now - timedelta(days=days)
    campaign = campaign_of(now, "planted", arms=ARMS)
    send(campaign)
    Decision.objects.update(at=past)
    chosen = Decision.objects.filter(action__strategy=better).values_list("customer_id", flat=True)
    buy([*chosen, shop[0].pk], past + timedelta(hours=1))
    return campaign


def test_the_next_campaign_sends_what_the_last_one_taught(shop, now, postbox, monkeypatch):
    planted(shop, now, monkeypatch)
    [decision] = learn_strategies(now=now)
    assert (decision.kind, decision.state) == ("strategy-shares", "applied")
    given = decision.after["shares"]
    assert set(given) == {"", "1", "2"}
    assert all(shares["hybrid"] > 0.9 for shares in given.values())
    assert min(share for shares in given.values() for share in shares.values()) >= 0.01
    assert decision.expected["shrunk"] < decision.expected["lift"]
    assert decision.evidence["people"] == 39
    # The outcomes stand in the log: ten each, of which the shop keeps its share, and nothing for the others.
    earned = dict(Decision.objects.values_list("action__strategy", "reward"))
    assert earned == {"hybrid": pytest.approx(10 * 0.3), "popularity": 0.0}

    campaign = campaign_of(now, "next")
    contexts = {m.customer_id: m.context for m in Message.objects.filter(run__in=runs_of(campaign))}
    assert contexts[shop[0].pk]["strategy"] is None
    assert "choice" not in contexts[shop[0].pk]
    for person in shop[1:]:
        choice = contexts[person.pk]["choice"]
        assert choice["p"] == choice["among"][contexts[person.pk]["strategy"]]
        assert sum(choice["among"].values()) == pytest.approx(1)
    assert sum(context["strategy"] == "hybrid" for context in contexts.values()) >= 33
    send(campaign)
    logged = Decision.objects.filter(context__run=str(runs_of(campaign)[0].pk))
    assert logged.count() == 39
    assert {row.policy_version for row in logged} == {f"learned:{decision.reference}"[:64]}


def test_the_same_evidence_decides_once_and_a_rollback_gives_the_champion_back(
    shop, now, postbox, monkeypatch
):
    planted(shop, now, monkeypatch)
    [first] = learn_strategies(now=now)
    [again] = learn_strategies(now=now + timedelta(hours=1))
    assert again.pk == first.pk
    assert TuningDecision.objects.count() == 1
    roll_back(first, user=None, now=now)
    assert Posterior.objects.get(subject="strategy:email:replenish", key="shares").parameters == first.before
    campaign = campaign_of(now, "next")
    assert {m.context["strategy"] for m in Message.objects.filter(run__in=runs_of(campaign))} == {None}
    # The same evidence does not put it back at night.
    assert tune_all(now=now + timedelta(days=1)).decisions == []
    campaign = campaign_of(now, "after")
    assert {m.context["strategy"] for m in Message.objects.filter(run__in=runs_of(campaign))} == {None}


def test_a_dry_run_keeps_nothing(shop, now, postbox, monkeypatch):
    planted(shop, now, monkeypatch)
    tuned = tune_all(now=now, dry_run=True)
    assert [one.kind for one in tuned.decisions] == ["strategy-shares"]
    assert (TuningDecision.objects.count(), Posterior.objects.count()) == (0, 0)
    assert not Decision.objects.exclude(reward=None).exists()


def test_who_withdraws_leaves_every_model(shop, now, postbox, monkeypatch):
    planted(shop, now, monkeypatch)
    Customer.objects.update(no_profiling=True)
    assert read_log(USE, as_of=now, margin_share=0.3).is_empty()
    assert learn_strategies(now=now) == []
    assert memory_of(USE).waves == ()


def test_a_small_shop_tries_two_arms_together_and_is_told_how_long(shop, now, postbox, monkeypatch):
    planted(shop, now, monkeypatch, small=True, days=1)
    [decision] = learn_strategies(now=now)
    # Half of the window has passed: the challenger leads, and the whole campaign is waited for.
    assert set(decision.after["shares"]) == {""}
    assert 0.01 <= decision.after["shares"][""]["popularity"] < 0.1
    assert decision.evidence["small"] is True
    assert decision.evidence["campaigns_needed"] > 1
    [later] = learn_strategies(now=now + timedelta(days=40))
    assert later.after["shares"] == {"": {"hybrid": 1.0}}
    assert learn_strategies(now=now + timedelta(days=41)) == []


def test_a_bandit_begins_with_what_earlier_campaigns_taught(shop, now, postbox, monkeypatch):
    planted(shop, now, monkeypatch)
    learn_strategies(now=now)
    campaign = campaign_of(now, "bandit", arms=ARMS, method="bandit", decide_after_days=4)
    wave = campaign.experiment.waves.get(number=1)
    assert wave.weights["b"] > 0.9
    assert wave.weights["a"] >= 0.01
    assert wave.evidence["remembered"] == 1
    for row in Assignment.objects.filter(wave=wave).select_related("variant"):
        assert row.propensity == pytest.approx(wave.weights[row.variant.key], abs=0.001)
    send(campaign)
    logged = Decision.objects.filter(context__campaign=str(campaign.pk))
    assert logged.exists()
    for row in logged:
        assert sum(one["p"] for one in row.eligible) == pytest.approx(1)
        assert row.propensity == pytest.approx(wave.weights[row.action["key"]], abs=0.001)


def test_a_policy_is_judged_on_the_log_only_where_the_log_can_tell(shop, now, postbox, monkeypatch):
    planted(shop, now, monkeypatch)
    frame = read_log(USE, as_of=now, margin_share=0.3)
    found = judge(frame, {"": {"hybrid": 1.0}})
    assert found.estimate.snips == pytest.approx(3.0)
    assert not found.judgeable  # far fewer than 200 people
    assert judge(frame, {"": {"als": 1.0}}).reason == "never shown"
    many = pl.concat([frame] * 40)
    assert judge(many, {"": {"hybrid": 0.5, "popularity": 0.5}}).judgeable


def promoted(now) -> TuningDecision:
    evidence = Evidence(
        reference="t#1", kind="live", verdict="better", control="popularity", treatment="hybrid",
        versions={}, informative=10, figures={}, as_of=now, expected=Expected(0.2, 0.05),
    )  # fmt: skip
    return decide_strategy(use=USE, evidence=evidence, now=now)


def test_the_one_before_keeps_a_share_for_two_campaigns(shop, now, postbox):
    decision = promoted(now)
    shares = []
    for slug in ("one", "two", "three"):
        campaign = campaign_of(now, slug)
        contexts = [m.context for m in Message.objects.filter(run__in=runs_of(campaign))]
        shares.append({context["strategy"] for context in contexts})
    kept = Holdback.objects.get(decision=decision)
    assert (kept.old, kept.new, kept.share) == ("popularity", "hybrid", 0.3)
    assert kept.detectable > 0.1  # forty people a campaign can hardly see anything, and it says so
    assert len(kept.campaigns) == 2
    assert shares == [{None, "popularity", "hybrid"}, {None, "popularity", "hybrid"}, {None}]


def test_harm_takes_a_promotion_back_by_itself(shop, now, postbox, admin_user, monkeypatch):
    monkeypatch.setattr(holdback, "SHARES", (0.5,))
    promoted(now)
    campaign = campaign_of(now, "one")
    send(campaign)
    past = now - timedelta(days=40)
    Decision.objects.update(at=past)
    Holdback.objects.update(created_at=past - timedelta(days=1))
    # Everybody with the one before spends about the same, nobody with the new one anything.
    old = list(Decision.objects.filter(action__strategy="popularity").values_list("customer_id", flat=True))
    buy(old[::2], past + timedelta(hours=1), amount=100)
    buy(old[1::2], past + timedelta(hours=2), amount=110)
    [ended] = watch_promotions(now=now)
    ended.refresh_from_db()
    assert ended.state == "rolled back"
    assert Champion.objects.get(use=USE).strategy.key == "popularity"
    decision = TuningDecision.objects.get()
    assert (decision.state, decision.reverted_by) == ("rolled back", None)
    assert "guardrail" in decision.reason
    assert Notice.objects.filter(user=admin_user, key=f"holdback:{ended.pk}").count() == 1
    assert AuditEntry.objects.filter(action="tuning.rolled_back", actor="tuning").count() == 1
    assert watch_promotions(now=now) == []
    campaign = campaign_of(now, "after")
    assert {m.context["strategy"] for m in Message.objects.filter(run__in=runs_of(campaign))} == {None}


def test_without_harm_it_stays(shop, now, postbox):
    promoted(now)
    for slug in ("one", "two"):
        send(campaign_of(now, slug))
    past = now - timedelta(days=40)
    Decision.objects.update(at=past)
    Holdback.objects.update(created_at=past - timedelta(days=1))
    assert [one.pk for one in watch_promotions(now=now)] == [Holdback.objects.get().pk]
    assert Holdback.objects.get().state == "kept"
    assert Champion.objects.get(use=USE).strategy.key == "hybrid"
