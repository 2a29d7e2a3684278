"""When somebody met a test: once, by the rules for everybody, and alike in both groups."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.experiments.models import Assignment, Exposure
from campaigns.experiments.services import drop_ghosts, expose, expose_skipped
from core.ids import uuid7
from core.partitions import ensure_partitions
from delivery.models import Message, MessageState, Run
from delivery.services.launching import ensure_run_partition
from tests.campaigns.experiments.live.crowd import buy, make_live, put

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def groups():
    experiment = make_live(T0, holdout=0.5)
    people = put(experiment, "a", 3, at=T0), put(experiment, None, 3, at=T0)
    Exposure.objects.all().delete()
    return experiment, *people


def messages(customers, *, state, at, **fields):
    """Store a run with a message for each."""
    key = uuid7()
    run = Run(id=key, source="campaign", reference=str(key), channel="email", as_of=at, created_at=at)
    ensure_run_partition(run)
    run.save(force_insert=True)
    Message.objects.bulk_create(
        Message(run=run, source="campaign", customer_id=pk, channel="email", state=state, due_at=at, **fields)
        for pk in customers
    )
    return run, dict(Message.objects.filter(run=run).values_list("customer_id", "id"))


def test_a_worker_that_begins_again_moves_nobodys_moment(groups):
    experiment, written, _held = groups
    assert expose(experiment.pk, written, T0, messages=[1, 2, 3]) == 3
    assert expose(experiment.pk, written, T0 + timedelta(hours=1), messages=[7, 8, 9]) == 0
    assert set(Exposure.objects.values_list("at", "message")) == {(T0, 1), (T0, 2), (T0, 3)}


def test_a_batch_notes_only_its_own_group(groups):
    experiment, written, held = groups
    everyone = [*written, *held, 999_999]
    assert expose(experiment.pk, everyone, T0) == 3
    assert not Exposure.objects.filter(ghost=True).exists()
    assert expose(experiment.pk, everyone, T0, ghosts=True) == 3
    assert Exposure.objects.filter(ghost=True, assignment__variant=None).count() == 3


def test_whom_a_frequency_cap_kept_back_has_met_the_test_and_who_refused_has_not(groups):
    experiment, written, held = groups
    run, _ids = messages(written[:1], state=MessageState.SKIPPED, at=T0, skip_reason="capped")
    other, _ids = messages(written[1:2], state=MessageState.SKIPPED, at=T0, skip_reason="no_consent")
    third, _ids = messages(held[:1], state=MessageState.SKIPPED, at=T0, skip_reason="capped")
    runs = [run.pk, other.pk, third.pk]
    assert expose_skipped(experiment, runs) == 1
    assert expose_skipped(experiment, runs) == 0
    assert Exposure.objects.get().assignment.customer_id == written[0]


def test_who_did_it_before_the_message_would_have_gone_is_no_ghost(groups):
    experiment, _written, held = groups
    ensure_partitions("events_event", [T0])
    context = {"since": T0.isoformat(), "firing": 1}
    run, ids = messages(held, state=MessageState.HELD_OUT, at=T0 + timedelta(hours=2), context=context)
    expose(experiment.pk, held, T0 + timedelta(hours=2), messages=[ids[pk] for pk in held], ghosts=True)
    buy(held[:1], at=T0 + timedelta(hours=1))
    buy(held[1:2], at=T0 + timedelta(hours=3))
    assert drop_ghosts(experiment, [run.pk], event="purchase") == 1
    left = set(Exposure.objects.values_list("assignment__customer", flat=True))
    assert left == set(held[1:])
    assert Assignment.objects.filter(customer__in=held).count() == 3
