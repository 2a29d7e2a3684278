"""Workers killed half-way, two refreshes at once, and a refresh against whoever edits the rule."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event as Signal

import pytest
from django.conf import settings
from django.db import connection

from events import changes
from events.models import Event, EventKey
from segments import moves, refresh, services
from segments.incremental import CONSUMER, LEASE, refresh_changed
from segments.models import Cause, Segment, SegmentMembership, SegmentRun
from segments.refresh import refresh_all, refresh_segment
from segments.rules import RuleError
from segments.services import delete_segment, save_segment
from tests.patience import PATIENCE, until
from tests.segments import worker
from tests.segments.conftest import AS_OF

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
BOUGHT = {"event": "purchase"}
VIEWED = {"event": "view"}
LATER = AS_OF + LEASE


@pytest.fixture
def started():
    """Return a function that starts a worker; it has its first transaction ready when it returns."""
    processes = []

    def start(what):
        db = connection.settings_dict
        url = f"postgres://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.segments.worker", what, AS_OF.isoformat()],
            cwd=ROOT,
            env=os.environ | {
                "DATABASE_URL": url, "REDIS_URL": settings.CELERY_BROKER_URL,
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
                "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
            },
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def killed_at_the_second(process):
    """Let a worker commit its first transaction and kill it with the second one open."""
    first = process.stdout.readline().strip()
    process.stdin.write("go on\n")
    process.stdin.flush()
    second = process.stdout.readline().strip()
    process.kill()
    process.wait()
    return first, second


def buyers(shop, count):
    """Return a segment of buyers, and people who bought since it was counted."""
    segment = save_segment(Segment(slug="a", name="Buyers", rule=BOUGHT), now=AS_OF)
    people = [shop.customer(f"c{number}") for number in range(count)]
    refresh_segment(segment, as_of=AS_OF - timedelta(hours=1), now=AS_OF)
    for person in people:
        shop.event(person, 1)
    changes.note([person.pk for person in people], AS_OF)
    return segment, people


def told():
    """Return how often each move was told, by what happened, in which segment, to whom."""
    rows = Event.objects.filter(type__startswith="segment_")
    return Counter((row.type, row.properties["segment"], row.customer_id) for row in rows)


def members(segment):
    return sorted(segment.memberships.filter(left_at=None).values_list("customer_id", flat=True))


def check(segment, people):
    """Everybody is in once, was told once, and the size and the runs say the same."""
    ids = sorted(person.pk for person in people)
    assert members(segment) == ids
    assert segment.memberships.count() == len(ids)
    segment.refresh_from_db()
    assert segment.size == len(ids) == sum(segment.runs.values_list("entered", flat=True))
    entered = {key: n for key, n in told().items() if key[:2] == ("segment_entered", segment.slug)}
    assert entered == {("segment_entered", segment.slug, pk): 1 for pk in ids}


def test_killed_between_moves_and_their_acknowledgement_the_next_one_looks_again(shop, started):
    segment, people = buyers(shop, 3 * worker.BATCH)
    assert killed_at_the_second(started("changed")) == ("batch", "batch")
    first = len(members(segment))
    assert first == worker.BATCH == sum(told().values())
    # The second batch is the dead worker's until the lease is over; free are the third one, and again the
    # first, of whom something was written: that they moved.
    assert changes.waiting(CONSUMER).customers == 3 * worker.BATCH
    refresh_changed(as_of=AS_OF, now=AS_OF)
    assert len(members(segment)) == 2 * worker.BATCH
    refresh_changed(as_of=LATER, now=LATER)
    check(segment, people)
    run = refresh_segment(segment, as_of=LATER, now=LATER)
    assert (run.size, run.entered, run.left) == (len(people), 0, 0)
    while refresh_changed(as_of=LATER, now=LATER):
        pass
    assert changes.waiting(CONSUMER).customers == 0
    check(segment, people)


def test_killed_in_a_complete_refresh_a_segment_is_done_whole_or_not_at_all(shop, started):
    first, people = buyers(shop, 12)
    second = save_segment(Segment(slug="b", name="Everyone", rule={"all": []}), now=AS_OF)
    refresh_segment(second, as_of=AS_OF - timedelta(hours=1), now=AS_OF)
    newcomer = shop.customer("newcomer")
    assert killed_at_the_second(started("all")) == ("a", "b")
    check(first, people)
    assert len(members(second)) == 12 == second.runs.get().size
    assert not [key for key in told() if key[1] == "b"]
    runs = {run.segment.slug: run for run in refresh_all(as_of=LATER, now=LATER, slugs=["a", "b"])}
    assert [(run.size, run.entered, run.left) for run in (runs["a"], runs["b"])] == [(12, 0, 0), (13, 1, 0)]
    check(first, people)
    assert told()[("segment_entered", "b", newcomer.pk)] == 1
    assert EventKey.objects.filter(source=moves.SOURCE).count() == 13


class Pause:
    """Stops the first caller of a function, before it or after it, until it may go on."""

    def __init__(self, monkeypatch, module, name, *, after=False):
        self.real, self.after = getattr(module, name), after
        self.reached, self.free, self.callers = Signal(), Signal(), 0
        monkeypatch.setattr(module, name, self)

    def __call__(self, *args, **kwargs):
        self.callers += 1
        if self.callers > 1:
            return self.real(*args, **kwargs)
        if self.after:
            answer = self.real(*args, **kwargs)
            self.stop()
            return answer
        self.stop()
        return self.real(*args, **kwargs)

    def stop(self):
        self.reached.set()
        assert self.free.wait(PATIENCE)


@pytest.fixture
def beside():
    """Return a function that runs another one in a thread with a connection of its own."""

    def run(function, args, kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        yield lambda function, *args, **kwargs: pool.submit(run, function, args, kwargs)


def until_one_waits():
    """Return when somebody in this database waits for a lock of somebody else."""
    with connection.cursor() as cursor:

        def waits():
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return cursor.fetchone()[0]

        until(waits, "a wait for a lock")


def test_of_two_refreshes_at_once_one_moves_everybody_and_the_other_nobody(shop, beside, monkeypatch):
    segment, people = buyers(shop, 7)
    pause = Pause(monkeypatch, moves, "apply", after=True)
    moment = {"as_of": AS_OF, "now": AS_OF}
    first = beside(refresh_segment, Segment.objects.get(pk=segment.pk), **moment)
    assert pause.reached.wait(PATIENCE)
    second = beside(refresh_segment, Segment.objects.get(pk=segment.pk), **moment)
    until_one_waits()
    assert SegmentMembership.objects.count() == 0
    pause.free.set()
    runs = [first.result(), second.result()]
    assert [(run.size, run.entered, run.left, run.error) for run in runs] == [(7, 7, 0, ""), (7, 0, 0, "")]
    check(segment, people)


def test_a_refresh_that_waited_for_a_later_one_does_not_go_back(shop, beside, monkeypatch):
    segment, people = buyers(shop, 3)
    pause = Pause(monkeypatch, moves, "apply", after=True)
    first = beside(refresh_segment, Segment.objects.get(pk=segment.pk), as_of=AS_OF, now=AS_OF)
    assert pause.reached.wait(PATIENCE)
    past = AS_OF - timedelta(minutes=30)
    second = beside(refresh_segment, Segment.objects.get(pk=segment.pk), as_of=past, now=AS_OF)
    until_one_waits()
    pause.free.set()
    assert first.result().error == ""
    assert "cannot go back" in second.result().error
    check(segment, people)


def test_an_incremental_refresh_does_not_take_back_what_a_complete_one_just_saw(shop, beside, monkeypatch):
    segment, people = buyers(shop, 2)
    late = shop.customer("late")
    changes.note([late.pk], AS_OF)
    pause = Pause(monkeypatch, refresh, "gather")
    complete = beside(refresh_segment, Segment.objects.get(pk=segment.pk), as_of=AS_OF, now=AS_OF)
    assert pause.reached.wait(PATIENCE)
    changed = beside(refresh_changed, as_of=AS_OF, now=AS_OF)
    until_one_waits()
    shop.event(late, 0.5)  # known to the complete refresh, and later than the incremental one began
    pause.free.set()
    assert complete.result().entered == 3
    assert changed.result() == 3
    check(segment, [*people, late])
    assert not [key for key in told() if key[0] == "segment_left"]


def test_a_refresh_during_an_edit_waits_and_follows_the_new_rule(shop, beside, monkeypatch):
    segment, _people = buyers(shop, 4)
    refresh_segment(segment, as_of=AS_OF, now=AS_OF)
    viewer = shop.customer("viewer")
    shop.event(viewer, 1, type="view")
    edited = Segment.objects.get(pk=segment.pk)
    edited.rule = VIEWED
    pause = Pause(monkeypatch, services.audit, "record")
    edit = beside(save_segment, edited, now=AS_OF)
    assert pause.reached.wait(PATIENCE)
    complete = beside(refresh_segment, Segment.objects.get(pk=segment.pk), as_of=LATER, now=LATER)
    until_one_waits()
    pause.free.set()
    edit.result()
    assert (complete.result().entered, complete.result().left) == (1, 4)
    assert members(segment) == [viewer.pk]
    assert set(segment.memberships.values_list("left_by", "entered_by")) == {
        (Cause.EDITED, Cause.RULE), ("", Cause.EDITED),
    }  # fmt: skip


def test_an_edit_during_a_refresh_waits_and_the_next_one_follows_it(shop, beside, monkeypatch):
    segment, people = buyers(shop, 4)
    viewer = shop.customer("viewer")
    shop.event(viewer, 1, type="view")
    edited = Segment.objects.get(pk=segment.pk)
    edited.rule = VIEWED
    pause = Pause(monkeypatch, moves, "apply", after=True)
    complete = beside(refresh_segment, Segment.objects.get(pk=segment.pk), as_of=AS_OF, now=AS_OF)
    assert pause.reached.wait(PATIENCE)
    edit = beside(save_segment, edited, now=AS_OF)
    until_one_waits()
    pause.free.set()
    assert (complete.result().size, edit.result().version) == (4, 2)
    check(segment, people)
    assert (segment.rule, segment.counted_version) == (VIEWED, 1)
    # Those who changed are not asked by a rule whose members were never found.
    changes.note([viewer.pk], AS_OF)
    refresh_changed(as_of=LATER, now=LATER)
    check(segment, people)
    refresh_segment(segment, as_of=LATER, now=LATER)
    assert members(segment) == [viewer.pk]
    assert {row.left_by for row in segment.memberships.exclude(left_at=None)} == {Cause.EDITED}


def test_an_incremental_refresh_that_waited_for_an_edit_leaves_the_segment_alone(shop, beside, monkeypatch):
    segment, _people = buyers(shop, 4)
    edited = Segment.objects.get(pk=segment.pk)
    edited.rule = VIEWED
    pause = Pause(monkeypatch, services.audit, "record")
    edit = beside(save_segment, edited, now=AS_OF)
    assert pause.reached.wait(PATIENCE)
    changed = beside(refresh_changed, as_of=AS_OF, now=AS_OF)
    until_one_waits()
    pause.free.set()
    edit.result()
    assert changed.result() == 4
    assert (members(segment), told()) == ([], Counter())
    refresh_segment(segment, as_of=LATER, now=LATER)
    assert (members(segment), told()) == ([], Counter())


def test_a_segment_removed_during_its_refresh_is_gone_with_all_of_it(shop, beside, monkeypatch):
    segment, _people = buyers(shop, 4)
    pause = Pause(monkeypatch, moves, "apply", after=True)
    complete = beside(refresh_all, as_of=AS_OF, now=AS_OF, slugs=["a"])
    assert pause.reached.wait(PATIENCE)
    removal = beside(delete_segment, Segment.objects.get(pk=segment.pk), now=AS_OF)
    until_one_waits()
    pause.free.set()
    assert [run.entered for run in complete.result()] == [4]
    removal.result()
    assert not (Segment.objects.exists() or SegmentMembership.objects.exists() or SegmentRun.objects.exists())


def test_two_edits_at_once_cannot_close_a_circle(shop, beside, monkeypatch):
    for slug in ("a", "b"):
        save_segment(Segment(slug=slug, name=slug, rule=BOUGHT), now=AS_OF)
    a, b = Segment.objects.get(slug="a"), Segment.objects.get(slug="b")
    a.rule, b.rule = {"segment": "b"}, {"segment": "a"}
    pause = Pause(monkeypatch, services.audit, "record")
    first = beside(save_segment, a, now=AS_OF)
    assert pause.reached.wait(PATIENCE)
    second = beside(save_segment, b, now=AS_OF)
    until_one_waits()
    pause.free.set()
    first.result()
    with pytest.raises(RuleError, match="circle"):
        second.result()
    assert Segment.objects.get(slug="b").rule == BOUGHT


def test_a_refresh_keeps_nobody_from_naming_its_segment(shop, beside, monkeypatch):
    segment, people = buyers(shop, 1)
    pause = Pause(monkeypatch, moves, "apply", after=True)
    complete = beside(refresh_segment, Segment.objects.get(pk=segment.pk), as_of=AS_OF, now=AS_OF)
    assert pause.reached.wait(PATIENCE)
    named = beside(SegmentRun.objects.create, segment_id=segment.pk, as_of=AS_OF, started_at=AS_OF)
    assert named.result(timeout=PATIENCE).pk
    pause.free.set()
    assert complete.result().entered == 1
    check(segment, people)
