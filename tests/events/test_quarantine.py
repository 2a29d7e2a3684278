"""What is not believed: looked at, released once, or discarded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from events import quarantine
from events.models import Event, QuarantinedEvent
from events.services import ingest
from tests.factories.events import event

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AHEAD = "2026-03-05T00:00:00Z"
HELD = QuarantinedEvent.objects
pytestmark = pytest.mark.django_db


def hold(*names):
    result = ingest([event(name, occurred_at=AHEAD) for name in names], now=NOW)
    assert [q["reason"] for q in result.quarantined] == ["future"] * len(names)


def test_a_released_event_becomes_a_fact_once():
    hold("m1", "m2")
    done = quarantine.release(HELD.all(), now=NOW, user=None, as_arrived=False)
    assert (done.stored, done.known, done.kept) == (2, 0, [])
    assert set(Event.objects.values_list("occurred_at", flat=True)) == {datetime(2026, 3, 5, tzinfo=UTC)}
    again = quarantine.release(HELD.all(), now=NOW, user=None, as_arrived=False)
    assert (again.stored, Event.objects.count()) == (0, 2)
    assert AuditEntry.objects.get().after == {"events": 2, "stored": 2, "as_arrived": False}


def test_a_wrong_clock_is_put_right_by_the_arrival():
    hold("m1")
    quarantine.release(HELD.all(), now=NOW + timedelta(hours=3), user=None, as_arrived=True)
    assert Event.objects.get().occurred_at == NOW


def test_what_came_corrected_meanwhile_is_not_stored_twice():
    hold("m1")
    ingest([event("m1")], now=NOW)
    done = quarantine.release(HELD.all(), now=NOW, user=None, as_arrived=True)
    assert (done.stored, done.known, Event.objects.count()) == (0, 1, 1)
    assert HELD.get().released_at == NOW


def test_a_discarded_event_is_never_released():
    hold("m1")
    assert quarantine.discard(HELD.all(), now=NOW, user=None) == 1
    assert quarantine.release(HELD.all(), now=NOW, user=None, as_arrived=True).stored == 0
    assert not Event.objects.exists()
    hold("m1")
    assert HELD.get().discarded_at == NOW


def test_what_is_older_than_the_shop_keeps_stays(settings):
    settings.EVENTS_KEEP_MONTHS = 2
    result = ingest([event("old", occurred_at="2025-12-31T23:59:59Z"),
                     event("kept", occurred_at="2026-01-01T00:00:00Z")], now=NOW)  # fmt: skip
    assert (result.accepted, result.quarantined) == (1, [{"index": 0, "reason": "too_old"}])
    done = quarantine.release(HELD.all(), now=NOW, user=None, as_arrived=False)
    assert done.kept == [("shop/old", "It is older than what the shop keeps.")]
    assert HELD.get().is_open


@pytest.mark.django_db(transaction=True)
def test_two_who_release_at_once_make_one_event_each():
    hold(*(f"m{n}" for n in range(50)))

    def run(_):
        try:
            return quarantine.release(HELD.all(), now=NOW, user=None, as_arrived=False).stored
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 50
    assert Event.objects.count() == 50
    assert not HELD.filter(released_at=None).exists()


def test_the_page_releases_and_discards_for_those_who_may():
    hold("m1", "m2", "m3")
    page = reverse("admin:events_quarantinedevent_changelist")

    def act(role, action, *names):
        client = Client()
        user, _ = User.objects.get_or_create(username=role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        chosen = HELD.filter(message_id__in=names).values_list("pk", flat=True)
        return client.post(page, {"action": action, "_selected_action": list(chosen)}, follow=True)

    act("viewer", "release_as_arrived", "m1")
    assert not Event.objects.exists()
    assert "1 event was released." in act("admin", "release_as_arrived", "m1").content.decode()
    act("analyst", "discard", "m2")
    assert Event.objects.get().message_id == "m1"
    assert HELD.filter(discarded_at=None, released_at=None).get().message_id == "m3"
    shown = act("admin", "release_as_sent").content.decode()
    assert AHEAD in shown
    detail = Client()
    detail.force_login(User.objects.get(username="viewer"))
    text = detail.get(
        reverse("admin:events_quarantinedevent_change", args=[HELD.first().pk])
    ).content.decode()
    assert "&quot;message_id&quot;: &quot;m" in text
