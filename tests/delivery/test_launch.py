"""Freezing the audience."""

import threading
from dataclasses import astuple
from uuid import uuid4

import pytest
from django.db import connection

from core.registry import UnknownEntry
from delivery.models import Message, MessageState, Run
from delivery.selectors import breakdown
from delivery.services import cancel, launch, pause, resume
from tests.factories.delivery import audience_of, make_customers, make_run

pytestmark = pytest.mark.django_db


def test_the_audience_is_frozen_with_its_held_out_part(source, now):
    make_customers(10, now=now)
    run = make_run(now=now, held_out="id %% 5 = 0", context="jsonb_build_object('variant', 'a')")
    assert run.audience == 10
    held_out = Message.objects.filter(run=run, state="held_out").count()
    assert held_out == 2
    assert astuple(breakdown([run.id])[run.id]) == (10, 8, 0, 0, 0, 0, 0, 2, 0)
    assert set(Message.objects.values_list("context__variant", "attempts", "fence", "message_id")) == {
        ("a", 0, 0, "")
    }
    make_customers(1, now=now, first=10)
    assert Message.objects.filter(run=run).count() == 10


def test_every_state_is_counted_of_each_run_apart(source, now):
    """Each state has its own number of messages, so that none can stand for another."""
    make_customers(36, now=now)
    run, other = make_run(now=now), make_run(now=now, reference="other", where="id %% 2 = 0")
    keys = list(Message.objects.filter(run=run).order_by("pk").values_list("pk", flat=True))
    for count, state in enumerate(MessageState, start=1):
        taken, keys = keys[:count], keys[count:]
        Message.objects.filter(run=run, pk__in=taken).update(state=state)
    empty = make_run(now=now, reference="nobody", where="false")
    parts = breakdown([run.id, other.id, empty.id, uuid4()])
    assert {str(state): getattr(parts[run.id], state) for state in MessageState} == {
        str(state): count for count, state in enumerate(MessageState, start=1)
    }
    assert astuple(parts[other.id]) == (18, 18, 0, 0, 0, 0, 0, 0, 0)
    assert astuple(parts[empty.id]) == (0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert len(parts) == 3
    assert breakdown([]) == {}


def test_messages_lie_in_the_partition_of_their_launch(source, now):
    make_customers(1, now=now)
    run = make_run(now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM delivery_message WHERE run_id = %s", [run.id])
        assert cursor.fetchall() == [(f"delivery_message_{now:%Y%m}",)]


def test_a_second_launch_returns_the_first_run_and_another_key_makes_another(source, now):
    make_customers(3, now=now)
    first = make_run(now=now)
    make_customers(2, now=now, first=3)
    assert make_run(now=now).id == first.id
    assert Message.objects.count() == 3
    assert make_run(now=now, launch_key="2").audience == 5


@pytest.mark.django_db(transaction=True)
def test_two_launches_at_once_are_one_run(source, now):
    make_customers(500, now=now)
    barrier = threading.Barrier(4)
    ids = []

    def rival():
        barrier.wait()
        ids.append(make_run(now=now).id)
        connection.close()

    threads = [threading.Thread(target=rival) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(ids) == 4
    assert len(set(ids)) == 1
    assert Run.objects.get().audience == 500
    assert Message.objects.count() == 500


def test_an_unknown_source_or_channel_launches_nothing(source, now):
    make_customers(1, now=now)
    for fields in ({"source": "nobody", "channel": "email"}, {"source": "tests", "channel": "pigeon"}):
        with pytest.raises(UnknownEntry):
            launch(
                reference="x", topic="marketing", audience=audience_of(now=now), as_of=now, now=now, **fields
            )
    assert not Run.objects.exists()


def test_states_only_move_as_they_may(source, now):
    make_customers(2, now=now)
    run = make_run(now=now)
    assert not resume(run)
    assert pause(run)
    assert not pause(run)
    assert run.state == "paused"
    assert resume(run)
    assert cancel(run, now=now)
    assert (run.state, run.finished_at) == ("cancelled", now)
    assert not resume(run)
    assert set(Message.objects.values_list("state", "skip_reason")) == {("skipped", "cancelled")}
