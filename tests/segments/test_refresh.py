"""Who entered, who left, and what the history says."""

from datetime import timedelta

import pytest

from segments.lists import replace as replace_list
from segments.models import Segment, SegmentMembership, SegmentRun
from segments.preview import preview
from segments.ready_made import READY_MADE
from segments.rules import RuleError
from segments.selectors import members_query, segments_of
from segments.services import ensure_ready_made, refresh_all, refresh_segment, save_segment
from tests.segments.conftest import AS_OF
from tests.segments.test_compiler import found as found_by_rule

RECENT = {"event": "purchase", "within_days": 10}


def ids(query):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        return {row[0] for row in cursor.fetchall()}


@pytest.fixture
def recent(shop):
    return save_segment(Segment(name="Recent buyers", rule=RECENT), now=AS_OF)


def refresh(segment, as_of=AS_OF):
    return refresh_segment(segment, as_of=as_of, now=AS_OF)


def test_entering_and_leaving_is_history(shop, recent):
    alice, bob, carol = (shop.customer(name) for name in ("alice", "bob", "carol"))
    shop.event(alice, 8)
    shop.event(bob, 1)
    first = refresh(recent)
    assert (first.size, first.entered, first.left, first.error) == (2, 2, 0, "")
    assert first.duration_ms is not None
    shop.event(carol, -3)
    later = AS_OF + timedelta(days=4)
    second = refresh(recent, later)
    assert (second.size, second.entered, second.left) == (2, 1, 1)
    assert ids(members_query(recent, as_of=AS_OF)) == {alice.pk, bob.pk}
    assert ids(members_query(recent, as_of=later)) == {bob.pk, carol.pk}
    stay = SegmentMembership.objects.get(customer=alice)
    assert (stay.entered_at, stay.left_at) == (AS_OF, later)
    recent.refresh_from_db()
    assert (recent.size, recent.refreshed_at) == (2, AS_OF)
    assert segments_of([alice.pk, bob.pk]) == {alice.pk: [], bob.pk: [recent]}


def test_the_same_refresh_again_changes_nothing(shop, recent):
    shop.event(shop.customer("alice"), 8)
    refresh(recent)
    before = list(SegmentMembership.objects.values())
    again = refresh(recent)
    assert (again.size, again.entered, again.left) == (1, 0, 0)
    assert list(SegmentMembership.objects.values()) == before


def test_who_comes_back_has_a_second_stay(shop, recent):
    alice = shop.customer("alice")
    shop.event(alice, 8)
    shop.event(alice, -20)
    refresh(recent)
    refresh(recent, AS_OF + timedelta(days=10))
    refresh(recent, AS_OF + timedelta(days=21))
    stays = SegmentMembership.objects.filter(customer=alice).order_by("entered_at")
    assert [stay.left_at is None for stay in stays] == [False, True]


def test_history_is_not_rewritten(shop, recent):
    shop.event(shop.customer("alice"), 8)
    refresh(recent)
    run = refresh(recent, AS_OF - timedelta(days=5))
    assert "cannot go back" in run.error
    assert SegmentMembership.objects.filter(left_at=None).count() == 1


def test_a_segment_that_fails_keeps_its_members_and_the_others_go_on(shop, recent):
    shop.event(shop.customer("alice"), 8)
    refresh(recent)
    Segment.objects.filter(pk=recent.pk).update(rule={"field": "profile.gone", "op": "is_set"})
    save_segment(Segment(name="Zest", rule=RECENT), now=AS_OF)
    runs = {run.segment.slug: run for run in refresh_all(as_of=AS_OF, now=AS_OF)}
    assert "profile.gone" in runs["recent-buyers"].error
    assert (runs["zest"].error, runs["zest"].size) == ("", 1)
    assert SegmentMembership.objects.filter(segment=recent, left_at=None).count() == 1
    assert SegmentRun.objects.filter(segment=recent).count() == 2


def test_no_segment_is_everyone(shop):
    people = {shop.customer(name).pk for name in ("alice", "bob")}
    assert ids(members_query(None, as_of=AS_OF)) == people


def test_a_list_has_the_members_it_is_given(shop):
    alice, bob = shop.customer("alice"), shop.customer("bob")
    segment = save_segment(Segment(name="Guests", kind=Segment.Kind.STATIC), now=AS_OF)
    assert replace_list(segment, ["alice", "nobody"], now=AS_OF) == {
        "entered": 1,
        "left": 0,
        "size": 1,
        "unknown": ["nobody"],
    }
    later = AS_OF + timedelta(days=1)
    replace_list(segment, ["bob"], now=later)
    assert found_by_rule({"segment": "guests"}, AS_OF) == {alice.pk}
    assert found_by_rule({"segment": "guests"}, later) == {bob.pk}
    assert segment.slug not in {run.segment.slug for run in refresh_all(as_of=later, now=later)}


def test_a_changed_rule_is_a_new_version_and_slugs_do_not_collide(shop, recent):
    recent.rule = {"event": "purchase", "within_days": 11}
    assert save_segment(recent, now=AS_OF).version == 2
    assert save_segment(recent, now=AS_OF).version == 2
    assert save_segment(Segment(name="Recent buyers", rule=RECENT), now=AS_OF).slug == "recent-buyers-2"


def test_the_ready_made_segments_are_there_and_work(as_migrated, shop):
    slugs = {made.slug for made in READY_MADE}
    assert set(Segment.objects.filter(ready_made=True).values_list("slug", flat=True)) == slugs
    assert ensure_ready_made(now=AS_OF) == 0
    assert all(run.error == "" for run in refresh_all(as_of=AS_OF, now=AS_OF, slugs=sorted(slugs)))


def test_a_preview_counts_and_samples(shop):
    from core.encryption import keyed_hash
    from customers.models import Identifier, Suppression

    for number in range(12):
        person = shop.customer(f"c{number}", email=f"c{number}@demo.invalid" if number else None)
        shop.event(person, 3)
        if number != 1:
            shop.consent(person, 5)
        if number == 2:
            shop.consent(person, 4, granted=False)
        if number == 3:
            value = keyed_hash("email", "c3@demo.invalid")
            Identifier.objects.create(kind="email", value_hash=value, customer=person, created_at=AS_OF)
            Suppression.objects.create(
                channel="email", address_hash=value, reason="bounced", created_at=AS_OF
            )
    shop.customer("silent")
    seen = preview(RECENT, as_of=AS_OF)
    assert (seen["size"], seen["reachable"]) == (12, 8)
    assert len(seen["sample"]) == 10
    assert set(seen["sample"][0]) == {"customer", "orders", "revenue", "last_order_at", "lifecycle"}
    assert not any("@" in str(person) for person in seen["sample"])
    assert preview(RECENT, as_of=AS_OF)["sample"] == seen["sample"]
    assert not SegmentMembership.objects.exists()


def test_a_preview_that_takes_too_long_is_stopped(shop, monkeypatch):
    from segments import preview as module

    monkeypatch.setattr(module, "SECONDS", 0.05)
    monkeypatch.setattr(module, "_SQL", "SELECT pg_sleep(5), {sample}, {as_of}")
    with pytest.raises(RuleError, match="background"):
        module.preview({"all": []}, as_of=AS_OF)
