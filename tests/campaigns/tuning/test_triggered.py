"""Triggered campaigns in the loop: strategies drawn by what is learned, logged, tested, and learned from."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from campaigns import actions
from campaigns.actions import ArmPlan, plan_test
from campaigns.decisions.frame import read_log
from campaigns.experiments.models import Assignment, Exposure
from campaigns.learning.memory import Memory, Outcome, Wave
from campaigns.schedule.triggers import fire_triggers
from campaigns.tuning import strategies
from campaigns.tuning.holdback import join
from campaigns.tuning.models import Holdback
from campaigns.tuning.strategies import learn_strategies, memory_of, waves_of
from customers.models import Customer
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from events.services import record
from recommendations.models import Champion, Decision, Posterior, TuningDecision
from recommendations.services.tuning import roll_back
from tests.campaigns.actions.conftest import now, postbox
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.campaigns import make_lists, make_products, starter
from tests.factories.delivery import make_customers

__all__ = ["now", "postbox"]
pytestmark = pytest.mark.django_db(transaction=True)

USE = "email:replenish"
PEOPLE = 60
SHARES = {"popularity": 0.5, "hybrid": 0.5}
ARMS = [ArmPlan("a", "A", {"strategy": "popularity"}), ArmPlan("b", "B", {"strategy": "hybrid"})]


@pytest.fixture
def people(now):
    """Sixty people, the first of whom refuses to be profiled, and two strategies."""
    found, products = make_customers(PEOPLE, now=now), make_products(6, now=now)
    Customer.objects.filter(pk=found[0].pk).update(no_profiling=True)
    make_lists("popularity", products, found, now=now, champion=True)
    make_lists("hybrid", products[::-1], found, now=now)
    return found


def learned(shares, now, reference="first"):
    """Let these shares hold for everybody."""
    parameters = {"shares": {"": shares}, "in_use": "popularity", "reference": reference}
    Posterior.objects.update_or_create(
        subject=f"strategy:{USE}", key="shares", defaults={"parameters": parameters, "updated_at": now}
    )


def cart_campaign(now, **plan):
    """Launch one about abandoned carts, with a test if one is planned."""
    campaign = make_campaign(
        now, timing="triggered", trigger_event="add_to_cart", delay_minutes=0, again_after_days=0,
        content=starter("recommendations", now=now),
    )  # fmt: skip
    if plan:
        options = {"holdout_share": 0.0, "test_share": None, "metric": "conversion", "decide_after_days": 7}
        plan_test(campaign, user=None, now=now, **options | plan)
        campaign.refresh_from_db()
    return actions.launch_campaign(campaign, user=None, now=now)


def carts(people, at):
    """Let them leave a cart, write to whoever is to be written to, and return their messages' contexts."""
    record(
        [
            {"source": "shop", "message_id": f"cart{one.pk}{at}", "type": "add_to_cart",
             "customer_id": one.pk, "occurred_at": at}
            for one in people
        ],
        at,
    )  # fmt: skip
    before = set(Message.objects.values_list("pk", flat=True))
    fire_triggers(now=at, as_of=at)
    for run in Run.objects.filter(state="running"):
        deliver(run.pk, clock=lambda: at)
    return {m.customer_id: m.context for m in Message.objects.exclude(pk__in=before)}


def bought(people, at):
    record(
        [
            {"source": "shop", "message_id": f"o{pk}{at}", "type": "purchase", "customer_id": pk,
             "order_id": f"o{pk}{at}", "occurred_at": at, "amount": "10", "currency": "USD"}
            for pk in people
        ],
        at,
    )  # fmt: skip


def test_strategies_are_drawn_by_what_was_learned_and_logged_with_their_chance(people, now, postbox):
    learned({"popularity": 0.25, "hybrid": 0.75}, now)
    campaign = cart_campaign(now)
    contexts = carts(people, now + timedelta(minutes=1))
    assert len(postbox.mails) == len(contexts) == PEOPLE
    refused = contexts.pop(people[0].pk)
    assert (refused["strategy"], "choice" in refused) == (None, False)
    for context in contexts.values():
        assert context["choice"]["policy"] == "learned:first"
        assert context["choice"]["among"] == {"popularity": 0.25, "hybrid": 0.75}
        assert context["choice"]["p"] == context["choice"]["among"][context["strategy"]]
        assert context["firing"]  # what a triggered message is about stays beside it
        assert context["products"][0] == ("P0" if context["strategy"] == "popularity" else "P5")
    assert {context["strategy"] for context in contexts.values()} == {"popularity", "hybrid"}
    logged = {row.customer_id: row for row in Decision.objects.all()}
    assert set(logged) == set(contexts)
    run = Run.objects.get()
    for pk, row in logged.items():
        assert (row.action["strategy"], row.propensity) == (
            contexts[pk]["strategy"],
            contexts[pk]["choice"]["p"],
        )
        assert row.context | {"persona": None} == {
            "run": str(run.pk), "campaign": str(campaign.pk), "days": 28, "turn": run.launch, "persona": None,
        }  # fmt: skip
        assert sum(one["p"] for one in row.eligible) == pytest.approx(1)
    messages = Message.objects.filter(run=run)
    assert set(messages.values_list("expires_at", flat=True)) == {now + timedelta(minutes=1, hours=48)}


def test_each_message_is_a_draw_of_its_own_and_a_rollback_gives_the_champion_back(people, now, postbox):
    learned(SHARES, now)
    cart_campaign(now)
    first, second = (carts(people, now + timedelta(minutes=m)) for m in (1, 2))
    moved = [pk for pk in first if first[pk]["strategy"] != second[pk]["strategy"]]
    assert 10 < len(moved) < 50
    Posterior.objects.filter(key="shares").delete()
    third = carts(people, now + timedelta(minutes=3))
    assert {context["strategy"] for context in third.values()} == {None}


def test_outcomes_feed_the_posteriors_wave_by_policy_and_the_next_message_follows(
    people, now, postbox, monkeypatch
):
    monkeypatch.setattr(strategies, "SMALL_SHOP", 10)
    learned(SHARES, now)
    cart_campaign(now)
    contexts = carts(people, now + timedelta(minutes=1))
    # The last ten were written to under other shares.
    ten = [person.pk for person in people[-10:]]
    Decision.objects.filter(customer__in=ten).update(policy_version="learned:other")
    better = [pk for pk, one in contexts.items() if one["strategy"] == "hybrid" and pk not in ten]
    bought([*better, people[0].pk], now + timedelta(hours=1))
    later = now + timedelta(days=30)
    frame = read_log(USE, as_of=later, margin_share=0.3)
    waves = waves_of(frame, now=later)
    sent = dict(Decision.objects.values_list("policy_version", "context"))  # a month may have ended between
    assert [(wave.key, wave.turn, wave.shown) for wave in waves] == [
        (f"{sent[policy]['run']} {policy}", sent[policy]["turn"], 1.0)
        for policy in ("learned:first", "learned:other")
    ]
    assert waves[0].cells[("",)]["hybrid"] == Outcome(len(better), len(better), 3.0 * len(better), 0)
    assert waves[0].cells[("",)]["popularity"] == Outcome(49 - len(better))
    assert sum(outcome.people for outcome in waves[1].cells[("",)].values()) == 10
    learned(SHARES, now)
    [decision] = learn_strategies(now=later)
    assert decision.state == "applied"
    assert decision.after["shares"][""]["hybrid"] > 0.9
    assert [wave.key for wave in memory_of(USE).waves] == [wave.key for wave in waves]
    [again] = learn_strategies(now=later + timedelta(hours=1))
    assert again.pk == decision.pk
    contexts = carts(people, later)
    assert sum(context["strategy"] == "hybrid" for context in contexts.values()) > 45
    assert contexts[people[1].pk]["choice"]["policy"] == f"learned:{decision.after['reference']}"[:64]
    roll_back(decision, user=None, now=later)
    assert TuningDecision.objects.get(pk=decision.pk).state == "rolled back"
    assert Posterior.objects.get(key="shares").parameters["shares"] == {"": SHARES}


def test_a_test_with_a_hold_out_is_logged_in_both_groups_and_feeds_the_same_memory(people, now, postbox):
    learned(SHARES, now)
    campaign = cart_campaign(now, arms=ARMS, holdout_share=0.3)
    at = now + timedelta(minutes=1)
    carts(people, at)
    places = {a.customer_id: a for a in Assignment.objects.select_related("variant")}
    assert len(places) == PEOPLE
    held = {pk for pk, place in places.items() if place.variant is None}
    assert 0 < len(held) < 40
    assert len(postbox.mails) == PEOPLE - len(held)
    assert set(Exposure.objects.filter(ghost=True).values_list("assignment__customer", flat=True)) == held
    logged = {row.customer_id: row for row in Decision.objects.all()}
    assert set(logged) == set(places) - {people[0].pk}
    for pk, row in logged.items():
        place = places[pk]
        assert row.propensity == place.propensity
        assert row.action["key"] == (place.variant.key if place.variant else "held-out")
        assert row.policy_version.startswith(f"experiment:{campaign.experiment.key} fixed")
        assert {one["key"]: one["p"] for one in row.eligible} == pytest.approx(
            {"a": 0.35, "b": 0.35, "held-out": 0.3}
        )
    bought([pk for pk, row in logged.items() if row.action["strategy"] == "hybrid"], at + timedelta(hours=1))
    learn_strategies(now=now + timedelta(days=8))
    [wave] = memory_of(USE).waves
    [cells] = wave.cells.values()
    assert set(cells) == {"popularity", "hybrid"}
    assert sum(outcome.people for outcome in cells.values()) == len(set(logged) - held)
    assert cells["hybrid"].orders == cells["hybrid"].people
    assert cells["popularity"].orders == 0


def test_a_holdback_is_shared_but_neither_begun_nor_used_up(people, now):
    decision = TuningDecision.objects.create(
        kind="strategy", use=USE, state="applied", reference="t#1", evidence={"kind": "live"},
        before={"strategy": "hybrid"}, after={"strategy": "popularity"}, changed=True, as_of=now,
        created_at=now, verdict="better",
    )  # fmt: skip
    champion = Champion.objects.get()
    champion.decision = decision
    campaign = cart_campaign(now)
    assert join(campaign, champion, now=now) is None
    assert not Holdback.objects.exists()
    ordinary = make_campaign(now, slug="ordinary")
    begun = join(ordinary, champion, now=now)
    assert join(campaign, champion, now=now) == begun
    begun.refresh_from_db()
    assert begun.campaigns == [ordinary.pk]


def test_waves_of_one_turn_are_as_old_as_each_other():
    cells = {("everybody",): {"a": Outcome(100, 10)}}
    memory = Memory().updated(
        [Wave("big", cells), *(Wave(f"w{n}", cells, 1.0, "2026-11") for n in range(60)), Wave("next", cells)]
    )
    assert len(memory.waves) == 62
    assert Memory.from_json(memory.as_json()) == memory
    from campaigns.learning.effects import Evidence

    found = Evidence.of(memory.waves, [("everybody",)], ["a"])
    assert found.people[0] == pytest.approx(100 * (0.9**2 + 60 * 0.9 + 1))


def test_a_small_shop_judges_the_last_campaign_or_month_that_is_over():
    one = {("everybody",): {"a": Outcome(10, 1)}}
    over, month = Wave("over", one), Wave("m1", one, 0.5, "2026-11")
    judged = strategies._judged
    assert judged(Memory((over, month))) == [over]
    done = Wave("m1", one, 1.0, "2026-11")
    assert judged(Memory((over, done))) == [done]
    open_campaign = Wave("c", one, 0.4)
    assert judged(Memory((over, month, open_campaign))) == [open_campaign]
    assert judged(Memory(())) == []


def test_the_evidence_is_new_when_twice_as_many_were_met():
    cells = SimpleNamespace(small={("e",): {"a": Outcome(40)}}, large={("e",): {"a": Outcome(90)}})
    alone = Wave("campaign", cells.small)
    named = {
        strategies._reference(Memory(waves), ("a", "b"))
        for waves in (
            (alone,),
            (alone, Wave("m", cells.small, 0.5, "2026-11")),
            (alone, Wave("m", cells.large, 0.5, "2026-11")),
            (alone, Wave("m", cells.large, 0.6, "2026-11")),
        )
    }
    assert len(named) == 4
    assert all(len(f"learned:{name}") <= 64 for name in named)
    assert sum(name.startswith("2026-11:") for name in named) == 3
