"""A worker killed while it begins what was not taken back: nothing has begun, and another one begins it."""

import os
import signal
from datetime import timedelta

import pytest
from django.db import connection, transaction

from campaigns import actions
from campaigns.models import Campaign
from campaigns.schedule.due import begin_due
from campaigns.tasks import launch_due
from core import clock
from delivery.models import Message, Run
from delivery.outbox.send import deliver
from tests.campaigns.schedule.plain import make_campaign
from tests.factories.delivery import make_customers
from tests.patience import until

pytestmark = pytest.mark.django_db(transaction=True)
# Of pg_stat_activity a transaction keeps what it read first, of pg_locks it does not.
_WAITS = """
SELECT pid FROM pg_locks
 WHERE NOT granted AND relation = 'delivery_message'::regclass
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def rows(sql, *values) -> list:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]


def _worker() -> int:
    """Begin what is due in a process of its own, with a connection of its own; return its id."""
    if child := os.fork():
        return child
    connection.connection, connection.in_atomic_block = None, False
    launch_due()
    os._exit(1)  # it was to be killed before


def kill_amid_the_beginning() -> None:
    """Let a worker's process begin what is due, and kill it while it puts people into the run."""
    with transaction.atomic():
        rows("LOCK TABLE delivery_message IN SHARE MODE; SELECT 1")  # nobody writes a message meanwhile
        worker = _worker()
        pid = until(lambda: rows(_WAITS))[0]
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
    until(lambda: not rows("SELECT pid FROM pg_stat_activity WHERE pid = %s", pid))


def test_a_killed_worker_has_begun_nothing_and_undo_still_holds(postbox):
    now = clock.now()
    make_customers(12, now=now)
    kept, undone = (make_campaign(now, slug=slug, name=slug) for slug in ("kept", "undone"))
    for minutes_ago, campaign in ((3, kept), (2, undone)):
        moment = now - timedelta(minutes=minutes_ago)
        actions.put_in_order(campaign, user=None, now=moment, as_of=now)
    before = list(Campaign.objects.order_by("slug").values())
    kill_amid_the_beginning()
    assert list(Campaign.objects.order_by("slug").values()) == before
    assert not Run.objects.exists() and not Message.objects.exists()

    actions.undo_launch(undone, user=None, now=now)
    assert [begin_due(now=now, as_of=now) for _ in range(2)] == [1, 0]
    for run in Run.objects.all():
        deliver(run.pk, clock=lambda: now)
    assert sorted(mail["To"] for mail in postbox.mails) == sorted(f"c{n}@demo.invalid" for n in range(12))
    assert list(Run.objects.values_list("reference", flat=True)) == [str(kept.pk)]
    assert dict(Campaign.objects.values_list("slug", "state")) == {"kept": "finished", "undone": "draft"}
