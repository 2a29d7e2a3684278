"""A periodic job takes effect once per slot, also with rivals and after a crash."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from core.models import PeriodicSlot
from core.periodic import once_per_slot, slot_of

NOW = datetime(2024, 5, 1, 10, 17, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_slot_begins_at_a_multiple_of_its_length():
    assert slot_of(NOW, HOUR) == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert slot_of(NOW, timedelta(seconds=30)) == datetime(2024, 5, 1, 10, 17, tzinfo=UTC)


@pytest.mark.django_db
def test_the_second_message_of_a_slot_does_nothing_and_the_next_slot_runs():
    ran = []
    assert once_per_slot("count", every=HOUR, now=NOW, run=lambda: ran.append(1))
    assert not once_per_slot("count", every=HOUR, now=NOW + timedelta(minutes=5), run=lambda: ran.append(2))
    assert once_per_slot("count", every=HOUR, now=NOW + HOUR, run=lambda: ran.append(3))
    assert ran == [1, 3]


@pytest.mark.django_db
def test_a_slot_whose_run_failed_is_run_again():
    def fail():
        raise RuntimeError("worker died")

    with pytest.raises(RuntimeError):
        once_per_slot("count", every=HOUR, now=NOW, run=fail)
    assert PeriodicSlot.objects.get().finished_at is None
    assert once_per_slot("count", every=HOUR, now=NOW, run=lambda: None)


@pytest.mark.django_db(transaction=True)
def test_of_rivals_at_the_same_moment_one_runs():
    ran, barrier = [], threading.Barrier(6)

    def rival():
        try:
            barrier.wait()
            once_per_slot("count", every=HOUR, now=NOW, run=lambda: ran.append(1))
        finally:
            connection.close()

    threads = [threading.Thread(target=rival) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == [1]
