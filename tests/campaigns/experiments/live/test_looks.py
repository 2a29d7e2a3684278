"""What a look says of a live test, from the facts to the decision."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEntry
from campaigns.experiments.live.deciding import decide_by_hand, look_and_decide
from campaigns.experiments.live.looks import recompute, take_look
from campaigns.experiments.live.standing import standing
from campaigns.experiments.measures import default_metrics
from campaigns.experiments.models import Assignment, Snapshot
from campaigns.experiments.services import change_metrics
from customers.erasure import erase, request_erasure
from customers.models import Customer
from customers.services import upsert_customers
from tests.campaigns.experiments.live.crowd import buy, make_live, put

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = T0 + timedelta(days=10)


def primary(look, comparison=0):
    return look.results["comparisons"][comparison]["primary"]


def test_a_clear_winner_ships_at_the_last_look(django_assert_max_num_queries):
    experiment = make_live(T0, horizon=2000)
    put(experiment, "a", 1000, at=T0, buyers=50)
    put(experiment, "b", 1000, at=T0, buyers=110)
    where = standing(experiment, now=LATER)
    assert (where.closed, where.met, where.fraction, where.look) == (2000, 2000, 1.0, 1)
    look = look_and_decide(experiment, now=LATER)
    assert look.planned and look.fraction == 1.0
    assert look.results["outcome"] == "ship with a hold-out"  # guardrails of messages are not yet known
    assert look.results["winner"] == "b"
    found = primary(look)
    assert found["difference"] == pytest.approx(0.06)
    assert found["interval"][0] > 0
    assert found["bound"] == pytest.approx(1.95996, abs=1e-4)
    assert found["always_valid"][0] < found["interval"][0]
    experiment.refresh_from_db()
    assert experiment.state == "decided"
    assert experiment.decision["winner"] == "b"
    assert dict(experiment.variants.values_list("key", "weight")) == {"a": 0, "b": 1}
    assert AuditEntry.objects.filter(action="decide_experiment").count() == 1
    assert standing(experiment, now=LATER).look is None


def test_nothing_is_decided_before_the_window_has_passed():
    experiment = make_live(T0, horizon=2000)
    put(experiment, "a", 1000, at=T0, buyers=50)
    put(experiment, "b", 1000, at=T0, buyers=110)
    look = look_and_decide(experiment, now=T0 + timedelta(days=3))
    assert not look.planned
    assert look.results["outcome"] == "continue"
    assert look.results["winner"] is None
    experiment.refresh_from_db()
    assert experiment.state == "running"


def test_equal_arms_end_with_no_difference_and_the_control():
    experiment = make_live(T0, horizon=2000)
    put(experiment, "a", 1000, at=T0, buyers=60)
    put(experiment, "b", 1000, at=T0, buyers=60)
    look = look_and_decide(experiment, now=LATER)
    assert look.results["outcome"] == "no difference found"
    low, high = primary(look)["repeated"]
    assert low < 0 < high
    experiment.refresh_from_db()
    assert experiment.decision["winner"] == "a"


def test_harm_stops_between_planned_looks():
    experiment = make_live(T0, horizon=40_000)
    put(experiment, "a", 2000, at=T0, buyers=400)
    put(experiment, "b", 2000, at=T0, buyers=100)
    look = look_and_decide(experiment, now=T0 + timedelta(days=2))
    assert not look.planned
    assert look.results["outcome"] == "stop: the treatment is worse"
    experiment.refresh_from_db()
    assert experiment.decision["winner"] == "a"


def test_one_harmful_arm_of_three_gets_nobody_else():
    experiment = make_live(T0, arms=("a", "b", "c"), horizon=40_000)
    for arm, buyers in (("a", 300), ("b", 310), ("c", 30)):
        put(experiment, arm, 1500, at=T0, buyers=buyers)
    look_and_decide(experiment, now=T0 + timedelta(days=2))
    experiment.refresh_from_db()
    assert experiment.state == "running"
    assert dict(experiment.variants.values_list("key", "weight")) == {"a": 1, "b": 1, "c": 0}


def test_a_broken_split_blocks_whatever_was_found():
    experiment = make_live(T0, horizon=2000)
    put(experiment, "a", 1200, at=T0, buyers=40)
    put(experiment, "b", 800, at=T0, buyers=120)
    look = look_and_decide(experiment, now=LATER)
    assert not look.results["sample_ratio"]["clean"]
    assert look.results["outcome"] == "blocked"
    assert look.results["winner"] is None
    experiment.refresh_from_db()
    assert experiment.decision["winner"] == "a"


def test_weights_that_change_do_not_look_like_a_broken_split():
    experiment = make_live(T0, horizon=4000)
    put(experiment, "a", 500, at=T0)
    put(experiment, "b", 500, at=T0)
    experiment.variants.filter(key="b").update(weight=9)
    put(experiment, "a", 100, at=T0)
    put(experiment, "b", 900, at=T0)
    assert take_look(experiment, as_of=LATER, now=LATER).results["sample_ratio"]["clean"]


def test_planned_looks_spend_the_error_rate_step_by_step():
    experiment = make_live(T0, horizon=4000, planned_looks=4)
    put(experiment, "a", 500, at=T0, buyers=30)
    put(experiment, "b", 500, at=T0, buyers=33)
    first = look_and_decide(experiment, now=LATER)
    assert (first.planned, first.fraction) == (True, 0.25)
    assert primary(first)["bound"] == pytest.approx(
        3.92, abs=1e-3
    )  # O'Brien and Fleming give next to nothing away early
    assert not look_and_decide(experiment, now=LATER + timedelta(hours=1)).planned
    put(experiment, "a", 500, at=T0, buyers=30)
    put(experiment, "b", 500, at=T0, buyers=33)
    second = look_and_decide(experiment, now=LATER + timedelta(hours=2))
    assert (second.planned, second.fraction) == (True, 0.5)
    assert second.statistics["fractions"] == [0.25, 0.5]
    assert primary(second)["bound"] < primary(first)["bound"]


def test_orders_are_netted_and_only_those_in_the_window_count():
    experiment = make_live(T0, metric="revenue")
    people = put(experiment, "a", 20, at=T0)
    others = put(experiment, "b", 20, at=T0)
    buy(people[:1], at=T0 + timedelta(days=1), amount=100, order="kept")
    buy(people[:1], at=T0 + timedelta(days=9), amount=30, order="kept", kind="refund")  # late, still counts
    buy(people[1:2], at=T0 + timedelta(days=1), amount=500, order="gone")
    buy(people[1:2], at=T0 + timedelta(days=2), amount=None, order="gone", kind="cancel")
    buy(people[2:3], at=T0 + timedelta(days=8), amount=999)  # after the window
    buy(people[3:4], at=T0 - timedelta(seconds=1), amount=999)  # before the test
    buy(others[:2], at=T0 + timedelta(days=1), amount=35)
    look = take_look(experiment, as_of=LATER, now=LATER)
    found = primary(look)
    assert (found["control"], found["treatment"]) == (pytest.approx(70 / 20), pytest.approx(70 / 20))


def test_an_order_that_arrives_late_is_in_the_next_look():
    experiment = make_live(T0, horizon=10_000)
    people = put(experiment, "a", 50, at=T0, buyers=5)
    put(experiment, "b", 50, at=T0, buyers=5)
    before = take_look(experiment, as_of=LATER, now=LATER)
    buy(people[10:15], at=T0 + timedelta(days=2))
    after = take_look(experiment, as_of=LATER, now=LATER + timedelta(hours=1))
    assert (before.results["variants"][0]["conversions"], after.results["variants"][0]["conversions"]) == (
        5,
        10,
    )
    assert after.look == before.look + 1


def test_one_huge_order_moves_the_mean_and_not_its_capped_twin():
    experiment = make_live(T0, metric="revenue")
    put(experiment, "a", 3000, at=T0, buyers=300, amount=20)
    people = put(experiment, "b", 3000, at=T0, buyers=300, amount=20)
    buy(people[-1:], at=T0 + timedelta(days=1), amount=1_000_000)
    found = primary(take_look(experiment, as_of=LATER, now=LATER))
    assert found["difference"] > 300
    assert abs(found["capped"]["difference"]) < 0.02
    assert found["capped"]["touched"] == 1


def test_a_look_is_recomputed_bit_for_bit_and_survives_erasure():
    experiment = make_live(T0, holdout=0.2, horizon=3000)
    people = put(experiment, "a", 900, at=T0, buyers=61)
    put(experiment, "b", 931, at=T0, buyers=83)
    put(experiment, None, 440, at=T0, buyers=20)
    take_look(experiment, as_of=LATER, now=LATER, planned=True)
    stored = Snapshot.objects.get()
    assert recompute(stored) == stored.results
    upsert_customers([{"external_id": "leaving"}], T0)
    leaving = Customer.objects.get(external_id="leaving")
    Assignment.objects.filter(customer=people[0]).update(customer=leaving)
    request = request_erasure(leaving, now=LATER)
    erase(request.pk, now=LATER)
    again = Snapshot.objects.get(pk=stored.pk)
    assert again.statistics == stored.statistics
    assert recompute(again) == stored.results
    later = take_look(experiment, as_of=LATER, now=LATER)
    assert later.results["variants"][0]["n"] == 899


def test_written_to_against_held_out_stands_beside_the_arms():
    experiment = make_live(T0, arms=("a",), holdout=0.5, horizon=2000)
    put(experiment, "a", 1000, at=T0, buyers=120)
    put(experiment, None, 1000, at=T0, buyers=60)
    look = look_and_decide(experiment, now=LATER)
    comparison = look.results["comparisons"][0]
    assert (comparison["control"], comparison["treatment"]) == ("", "*")
    assert comparison["primary"]["difference"] == pytest.approx(0.06)
    assert "unsubscribed" not in {g["measure"] for g in comparison["guardrails"]}
    experiment.refresh_from_db()
    assert experiment.decision["winner"] == "a"


@pytest.mark.parametrize(
    ("a", "b", "key", "reason"),
    [
        ((5, 0), (5, 0), "reason", "arm too small"),
        ((50, 0), (50, 0), "reason", "no data yet"),
        ((50, 0), (50, 5), "lift_reason", "control without conversions"),
        ((50, 3), (0, 0), "reason", "arm too small"),
    ],
)
def test_what_cannot_be_computed_says_why(a, b, key, reason):
    experiment = make_live(T0)
    put(experiment, "a", a[0], at=T0, buyers=a[1])
    if b[0]:
        put(experiment, "b", b[0], at=T0, buyers=b[1])
    look = take_look(experiment, as_of=LATER, now=LATER)
    assert primary(look)[key] == reason
    assert look.results["winner"] is None


def test_other_metrics_after_the_start_begin_another_series():
    experiment = make_live(T0, horizon=2000, planned_looks=2)
    put(experiment, "a", 500, at=T0, buyers=30)
    put(experiment, "b", 500, at=T0, buyers=30)
    look_and_decide(experiment, now=LATER)
    assert change_metrics(experiment, default_metrics("revenue", 7)) == 2
    assert change_metrics(experiment, default_metrics("revenue", 7)) == 2
    experiment.refresh_from_db()
    assert experiment.metric == "revenue"
    second = look_and_decide(experiment, now=LATER)
    assert (second.series, second.statistics["fractions"]) == (2, [0.5])
    assert Snapshot.objects.filter(series=1).count() == 1


def test_a_person_may_overrule_and_that_is_written_down_as_not_supported():
    experiment = make_live(T0)
    put(experiment, "a", 100, at=T0, buyers=5)
    put(experiment, "b", 100, at=T0, buyers=6)
    take_look(experiment, as_of=LATER, now=LATER)
    decided = decide_by_hand(experiment, winner="b", reason="The boss likes it.", user=None, now=LATER)
    assert decided.decision["supported"] is False
    entry = AuditEntry.objects.get(action="override_experiment")
    assert entry.after["verdict"] == "not supported"


def test_the_covariate_takes_noise_away_and_no_bias_in():
    experiment = make_live(T0, metric="revenue")
    for arm, more in (("a", 0), ("b", 5)):
        people = put(experiment, arm, 200, at=T0)
        for n, pk in enumerate(people):
            buy([pk], at=T0 - timedelta(days=5), amount=n)
            buy([pk], at=T0 + timedelta(days=1), amount=n + more + n % 3)
    found = primary(take_look(experiment, as_of=LATER, now=LATER))
    assert found["cuped"]["difference"] == pytest.approx(5)
    assert found["cuped"]["removed"] > 0.99
    assert found["cuped"]["theta"] == pytest.approx(1, abs=0.01)
