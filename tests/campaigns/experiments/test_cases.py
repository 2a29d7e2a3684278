"""Cases that a test must survive, beyond those that stand beside their own part."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns import actions
from campaigns.actions import ArmPlan, plan_test
from campaigns.experiments.live.looks import take_look
from campaigns.experiments.live.tallies import HELD, WRITTEN
from campaigns.experiments.models import Assignment, Exposure
from campaigns.experiments.people import Arms
from campaigns.experiments.services import DesignError, create_experiment
from campaigns.selectors import runs_of
from campaigns.waves import send_due_waves
from core import clock
from customers.models import Customer
from delivery.models import Message
from delivery.outbox.send import deliver
from events.models import Event
from segments.models import Segment, SegmentMembership
from tests.campaigns.actions.conftest import now, postbox
from tests.campaigns.experiments.live.crowd import buy, make_live, put
from tests.factories.campaigns import make_lists, make_products, starter
from tests.factories.delivery import make_customers

__all__ = ["now", "postbox"]
pytestmark = pytest.mark.django_db(transaction=True)

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = timedelta(days=7)


def look(experiment, at=T0 + timedelta(days=9)):
    return take_look(experiment, as_of=at, now=at)


def rates(experiment, measure="conversion", at=T0 + timedelta(days=9)):
    """Return (converted, people) of each arm."""
    taken = look(experiment, at).statistics
    metrics = taken["design"]["metrics"]
    place = next(n for n, metric in enumerate(metrics) if metric["measure"] == measure)
    return {arm: (t["x"], t["n"]) for arm, t in taken["tallies"][place]["met"].items() if t["n"]}


def test_a_salt_is_used_once():
    first = make_live(T0)
    with pytest.raises(DesignError, match="split another test"):
        create_experiment(
            key="again", name="Again", salt=first.salt, window_days=7, holdout_share=0, now=T0,
            variants=[{"key": "a", "name": "A", "is_control": True}, {"key": "b", "name": "B"}],
        )  # fmt: skip


def test_somebody_held_out_here_and_written_to_there_is_compared_nowhere():
    """One person with two records, one of which was left alone: as soon as it is known, both are out."""
    experiment = make_live(T0, holdout=0.5)
    put(experiment, "a", 30, at=T0, buyers=3)
    put(experiment, "b", 30, at=T0)
    put(experiment, None, 30, at=T0)
    held = put(experiment, None, 1, at=T0, buyers=1)[0]
    written = put(experiment, "a", 1, at=T0 + timedelta(hours=1), buyers=1)[0]
    assert look(experiment).statistics["counts"]["met"] == {
        "a": 31,
        "b": 30,
        HELD: 31,
        WRITTEN: 61,
    }
    rows = Arms(Assignment, once=("experiment_id",), parts=((Exposure, "assignment_id"),))
    rows.merge(held, written, [], T0)
    taken = look(experiment).statistics["counts"]
    assert (taken["met"], taken["multiple"]) == ({"a": 30, "b": 30, HELD: 30, WRITTEN: 60}, 1)


def test_a_window_is_as_long_in_absolute_time_when_the_clocks_change(settings):
    settings.TIME_ZONE = "Europe/Berlin"  # clocks go forward on 2026-03-29 at 1:00 UTC
    met = datetime(2026, 3, 26, 12, tzinfo=UTC)
    experiment = make_live(met)
    people = put(experiment, "a", 30, at=met)
    put(experiment, "b", 30, at=met)
    buy(people[:1], at=met)
    buy(people[1:2], at=met + WINDOW - timedelta(seconds=1))
    buy(people[2:3], at=met + WINDOW)
    buy(people[3:4], at=met - timedelta(seconds=1))
    at = met + WINDOW - timedelta(minutes=30)
    assert not look(experiment, at).statistics["window_passed"]
    assert look(experiment, met + WINDOW).statistics["window_passed"]
    assert rates(experiment, at=met + timedelta(days=9)) == {
        "a": (2, 30),
        "b": (0, 30),
        WRITTEN: (2, 60),
    }


def test_overlapping_tests_count_the_same_order_each_by_its_own_window():
    first, second = make_live(T0), make_live(T0 + timedelta(days=4))
    people = put(first, "a", 30, at=T0)
    put(first, "b", 30, at=T0)
    put(second, "b", 30, at=T0 + timedelta(days=4))
    arm = second.variants.get(key="a")
    rows = Assignment.objects.bulk_create(
        Assignment(experiment=second, customer_id=pk, variant=arm, bucket=0, propensity=0.5,
                   at=T0 + timedelta(days=4), policy_version="fixed 1/1")
        for pk in people
    )  # fmt: skip
    Exposure.objects.bulk_create(Exposure(assignment=row, at=T0 + timedelta(days=4)) for row in rows)
    for pk, day in zip(people, (1, 5, 8, 12), strict=False):
        buy([pk], at=T0 + timedelta(days=day))
    at = T0 + timedelta(days=20)
    assert rates(first, at=at)["a"] == (2, 30)  # days 1 and 5
    assert rates(second, at=at)["a"] == (2, 30)  # days 5 and 8


def test_machines_that_open_and_click_stay_among_the_people_and_count_as_nothing(now, postbox):
    campaign = launched(now)
    send(campaign)
    [run] = runs_of(campaign)
    arms = dict(Assignment.objects.values_list("customer_id", "variant__key"))
    for pk in arms:
        told(pk, run, "message_opened", machine=True)
    human = next(pk for pk, arm in arms.items() if arm == "b")
    told(human, run, "message_opened", machine=False)
    told(human, run, "message_clicked", machine=True)
    taken = look(campaign.experiment, clock.now() + timedelta(days=9)).statistics
    people = {arm: list(arms.values()).count(arm) for arm in ("a", "b")}
    assert {arm: taken["counts"]["met"][arm] for arm in people} == people
    assert {arm: taken["counts"]["machine"][arm] for arm in people} == people | {"b": people["b"] - 1}
    clicked = next(n for n, m in enumerate(taken["design"]["metrics"]) if m["measure"] == "clicked")
    assert taken["tallies"][clicked]["met"]["b"]["x"] == 0


def test_an_arm_that_fails_to_send_stays_in_the_comparison_and_the_others_go(now, postbox):
    """The arm's template is gone: its people were meant to be written to, and are met all the same."""
    campaign = launched(now)
    other = campaign.experiment.variants.get(key="b")
    other.levers = {"content": "999999"}
    other.save()
    send(campaign)
    arms = list(Assignment.objects.values_list("variant__key", flat=True))
    assert len(postbox.mails) == arms.count("a")
    missed = Message.objects.filter(context__variant="b")
    assert set(missed.values_list("state", "skip_reason")) == {("skipped", "no_content")}
    taken = look(campaign.experiment, clock.now() + timedelta(days=9))
    met = taken.statistics["counts"]["met"]
    assert (met["a"], met["b"]) == (arms.count("a"), arms.count("b"))
    assert taken.results["sample_ratio"]["clean"]


def test_an_audience_that_changes_between_waves_moves_nobody_and_doubles_nobody(now, postbox):
    segment = Segment.objects.create(slug="s", name="S", kind="static", created_at=now)
    campaign = launched(now, segment=segment, method="bandit", decide_after_days=4)
    send(campaign)
    first = dict(Assignment.objects.values_list("customer_id", "variant_id"))
    everyone = set(Customer.objects.values_list("pk", flat=True))
    gone = set(sorted(everyone - set(first))[:5]) | set(sorted(first)[:5])
    SegmentMembership.objects.filter(customer__in=gone).update(left_at=now + timedelta(hours=1))
    newcomers = make_customers(20, now=now, first=500)
    join(segment, newcomers, now + timedelta(hours=2))
    for day in (1, 2, 3):
        at = now + timedelta(days=day, minutes=1)
        assert send_due_waves(now=at, as_of=at) == 1
    places = dict(Assignment.objects.values_list("customer_id", "variant_id"))
    assert {pk: places[pk] for pk in first} == first
    assert not (gone - set(first)) & set(places)
    assert everyone - gone <= set(places)
    came = {one.pk for one in newcomers} & set(places)
    # Who came while it ran is in the waves that were still to go.
    assert set(Assignment.objects.filter(customer__in=came).values_list("wave__number", flat=True)) <= {
        2,
        3,
        4,
    }
    assert 0 < len(came) <= 20
    assert Message.objects.count() == Message.objects.values("customer").distinct().count() == len(places)


def launched(now, *, segment=None, **plan):
    """Launch a campaign with a test of two subjects for sixty people."""
    people = make_customers(60, now=now)
    make_lists("popularity", make_products(6, now=now), people, now=now, champion=True)
    if segment is not None:
        join(segment, people, now - timedelta(days=1))
    campaign = actions.create_campaign(
        slug="picks", name="Picks", kind="email", user=None, now=now, segment=segment,
        content=starter("welcome", now=now),
    )  # fmt: skip
    options = {"holdout_share": 0.0, "test_share": None, "metric": "conversion", "decide_after_days": 7}
    arms = [ArmPlan("a", "A", {"subject": "First"}), ArmPlan("b", "B", {"subject": "Second"})]
    plan_test(campaign, user=None, now=now, arms=arms, **options | plan)
    campaign.refresh_from_db()
    return actions.launch_campaign(campaign, user=None, now=now)


def join(segment, people, at):
    SegmentMembership.objects.bulk_create(
        SegmentMembership(segment=segment, customer=one, entered_at=at) for one in people
    )


def send(campaign):
    for run in runs_of(campaign):
        deliver(run.pk, clock=clock.now)


def told(customer, run, kind, *, machine):
    at = clock.now() + timedelta(minutes=5)
    Event.objects.create(
        source="tests", message_id=f"{kind}{customer}{machine}", type=kind, customer_id=customer,
        occurred_at=at, received_at=at, properties={"run": str(run.pk), "machine": machine},
    )  # fmt: skip
