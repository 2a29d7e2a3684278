"""Workers killed over the waves of a test: everybody has one arm and one message, and nobody is skipped."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from accounts.models import AuditEntry
from campaigns import actions
from campaigns.actions import ArmPlan, plan_test
from campaigns.experiments.models import Assignment, Exposure, Snapshot
from campaigns.experiments.services import chances
from campaigns.models import Campaign
from campaigns.selectors import runs_of
from campaigns.waves import look_at_tests, send_due_waves
from core import clock
from customers.models import Customer
from delivery.models import Message, Run
from delivery.outbox.policy import DEFAULT
from delivery.outbox.send import deliver
from delivery.outbox.sweep import sweep
from recommendations.models import Decision
from tests.campaigns.actions.conftest import now, postbox
from tests.campaigns.dying import by_rivals, killed_afresh
from tests.campaigns.test_waves import bought, sent_all
from tests.factories.campaigns import make_lists, make_products, starter
from tests.factories.delivery import make_customers

__all__ = ["now", "postbox"]
pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 80
#: One point of each kind is tried by every run of the tests, the others by -m long.
also = partial(pytest.param, marks=pytest.mark.long)
DAYS = 4
ARMS = [ArmPlan("a", "A", {"strategy": "popularity"}), ArmPlan("b", "B", {"strategy": "hybrid"})]


def planned(now, **plan) -> Campaign:
    """Return a draft with a test of two strategies in waves."""
    everyone, products = make_customers(PEOPLE, now=now), make_products(6, now=now)
    make_lists("popularity", products, everyone, now=now, champion=True)
    make_lists("hybrid", products[::-1], everyone, now=now)
    content = starter("recommendations", now=now)
    campaign = actions.create_campaign(
        slug="picks", name="Picks", kind="email", user=None, now=now, content=content
    )
    options = {"holdout_share": 0.0, "test_share": None, "metric": "conversion", "decide_after_days": DAYS}
    plan_test(campaign, user=None, now=now, arms=ARMS, **options | plan)
    campaign.refresh_from_db()
    return campaign


def launched(now, **plan) -> Campaign:
    return actions.launch_campaign(planned(now, **plan), user=None, now=now)


def in_arm(key):
    return list(Assignment.objects.filter(variant__key=key).values_list("customer_id", flat=True))


def send_waves(at):
    return send_due_waves(now=at, as_of=at)


def deliver_at(run_id, at):
    return deliver(run_id, clock=lambda: at)


def check(experiment):
    """Whoever is placed has one arm, with the very chance that its wave gave; nobody has two messages."""
    rows = list(Assignment.objects.filter(experiment=experiment).select_related("wave", "variant"))
    assert len({row.customer_id for row in rows}) == len(rows)
    messages = Message.objects.values_list("customer_id", "context__variant", "context__strategy")
    arms = {row.customer_id: (row.variant.key, row.variant.levers["strategy"]) for row in rows}
    assert {pk: (key, strategy) for pk, key, strategy in messages} == arms
    assert len(messages) == len(arms)
    for wave in experiment.waves.all():
        theirs = [row for row in rows if row.wave_id == wave.pk]
        assert bool(theirs) == (wave.sent_at is not None) == (wave.decided_at is not None)
        for policy in {row.policy_version for row in theirs}:
            given = {arm.pk: p for arm, p in chances(experiment, policy, wave.pk)}
            assert sum(given.values()) == pytest.approx(1)
            assert {row.variant_id: row.propensity for row in theirs if row.policy_version == policy} == {
                pk: given[pk] for pk in {row.variant_id for row in theirs if row.policy_version == policy}
            }
            if wave.weights is not None:
                keys = {arm.pk: arm.key for arm, _p in chances(experiment, policy, wave.pk)}
                assert {keys[pk]: p for pk, p in given.items()} == pytest.approx(
                    {key: wave.weights.get(key, 0.0) for key in keys.values()}, abs=0.001
                )


def check_end(campaign, postbox, at):
    """Everybody was written to once, and the log holds the chances that were used."""
    sent_all(campaign, at=at)
    check(campaign.experiment)
    assert Counter(mail["To"] for mail in postbox.mails) == {f"c{k}@demo.invalid": 1 for k in range(PEOPLE)}
    assert Assignment.objects.count() == Exposure.objects.count() == Decision.objects.count() == PEOPLE
    used = dict(Assignment.objects.values_list("customer_id", "propensity"))
    assert dict(Decision.objects.values_list("customer_id", "propensity")) == used
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED


@pytest.mark.parametrize(
    "point",
    [
        also("campaigns.schedule.sending.experiments.first_wave"),
        "campaigns.schedule.sending.experiments.assign",
        also("campaigns.schedule.sending.delivery.launch"),
    ],
)
def test_killed_in_the_launch_nothing_has_begun(point, now):
    campaign = planned(now, method="bandit")
    launch = partial(actions.launch_campaign, campaign, user=None, now=now)
    killed_afresh(point, launch)
    assert (Assignment.objects.count(), Run.objects.count(), Message.objects.count()) == (0, 0, 0)
    assert set(campaign.experiment.waves.values_list("sent_at", "due_at", "decided_at")) == {(None,) * 3}
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DRAFT
    launch()
    campaign.experiment.refresh_from_db()
    assert campaign.experiment.state == "running"
    assert Message.objects.count() == Assignment.objects.count() > 0
    check(campaign.experiment)


@pytest.mark.parametrize(
    ("point", "done"),
    [
        also("campaigns.waves.decide_wave", False),  # shares written, nobody placed
        also("campaigns.schedule.sending.experiments.assign", False),  # placed, no messages
        ("campaigns.waves.send", False),  # messages there, not committed
        also("campaigns.waves.audit.record", False),  # all done, not committed
        also("campaigns.waves._apart", True),  # committed, and nobody told
    ],
)
def test_a_bandits_wave_goes_once_whoever_dies_over_it(point, done, now, postbox):
    campaign = launched(now, method="bandit")
    sent_all(campaign)
    bought(in_arm("b"), clock.now())
    second = now + timedelta(days=1, minutes=1)
    killed_afresh(point, partial(send_waves, second))
    check(campaign.experiment)
    # What was there before the next beat is what the dead one committed: all of the wave or nothing.
    assert campaign.experiment.waves.get(number=2).assignments.exists() == done
    assert by_rivals(partial(send_waves, second)) == ([0, 0, 0] if done else [0, 0, 1])
    check(campaign.experiment)
    assert campaign.experiment.waves.get(number=2).weights["b"] > 0.9
    assert AuditEntry.objects.filter(action="send_wave").count() == 1
    for days in (2, 3):
        assert send_waves(now + timedelta(days=days, minutes=1)) == 1
    check_end(campaign, postbox, now + timedelta(days=3, minutes=2))


@pytest.mark.parametrize(
    ("point", "done"),
    [
        also("campaigns.waves.take_look", False),  # looked, nothing decided
        ("campaigns.waves.close", False),  # decided, the rest not sent
        also("campaigns.waves.send", False),
        also("campaigns.waves.audit.record", False),
        also("campaigns.waves._apart", True),
    ],
)
def test_the_winner_goes_to_the_rest_once_whoever_dies_over_it(point, done, now, postbox):
    campaign = launched(now, test_share=0.8)
    sent_all(campaign)
    bought(in_arm("b"), clock.now() + timedelta(minutes=1))
    later = now + timedelta(days=DAYS, hours=1)
    killed_afresh(point, partial(send_waves, later))
    campaign.experiment.refresh_from_db()
    assert (campaign.experiment.state == "decided") == done
    assert Snapshot.objects.count() == done
    check(campaign.experiment)
    assert by_rivals(partial(send_waves, later)) == ([0, 0, 0] if done else [0, 0, 1])
    campaign.experiment.refresh_from_db()
    assert campaign.experiment.decision["winner"] == "b"
    assert Snapshot.objects.filter(planned=True).count() == 1
    assert AuditEntry.objects.filter(action__in=["send_wave", "decide_experiment"]).count() == 2
    rest = Assignment.objects.filter(wave__number=2)
    assert set(rest.values_list("variant__key", "propensity")) == {("b", 1.0)}
    check_end(campaign, postbox, later + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("campaigns.experiments.live.deciding.take_look", False),  # the planned look, and nothing decided
        also("campaigns.experiments.live.deciding.close", False),
        also("campaigns.experiments.live.deciding.notices.tell", False),
        also("campaigns.waves._apart", True),
    ],
)
def test_a_test_is_closed_once_whoever_dies_over_it(point, done, now, postbox):
    campaign = launched(now)
    sent_all(campaign)
    bought(in_arm("b"), clock.now() + timedelta(minutes=1))
    later = now + timedelta(days=DAYS, hours=1)
    killed_afresh(point, partial(look_at_tests, now=later))
    experiment = campaign.experiment
    experiment.refresh_from_db()
    assert (experiment.state, Snapshot.objects.count()) == (("decided", 1) if done else ("running", 0))
    look_at_tests(now=later)
    experiment.refresh_from_db()
    look = Snapshot.objects.get()
    assert (look.planned, look.statistics["last"]) == (True, True)
    assert (experiment.state, experiment.decision["winner"], experiment.decision["look"]) == (
        "decided",
        "b",
        1,
    )
    assert AuditEntry.objects.filter(action="decide_experiment").count() == 1


@pytest.mark.parametrize(
    ("point", "before"),
    [
        also("campaigns.sources.experiments.expose", True),  # mails made, nobody met the test
        ("campaigns.sources.note_choices", True),  # met, not in the log
        also("campaigns.sources.note_choices", False),  # all written down, nothing sent
    ],
)
def test_a_waves_mails_go_once_whoever_dies_over_them(point, before, now, postbox):
    campaign = launched(now, method="bandit")
    sent_all(campaign)
    second = now + timedelta(days=1, minutes=1)
    assert send_waves(second) == 1
    run = runs_of(campaign).exclude(launch="1").get()
    killed_afresh(point, partial(deliver_at, run.pk, second), before=before)
    assert len(postbox.mails) == campaign.experiment.waves.get(number=1).assignments.count()
    later = max(second, clock.now()) + DEFAULT.patience + timedelta(seconds=1)
    assert sweep(now=later).uncertain == 0  # nothing was handed over
    for days in (2, 3):
        assert send_waves(now + timedelta(days=days, minutes=1)) == 1
    check_end(campaign, postbox, now + timedelta(days=3, minutes=2))
    assert Customer.objects.count() == PEOPLE
