"""Entering, leaving, lists, removal, and what is said about one person."""

from datetime import timedelta

import pytest

from core.encryption import keyed_hash
from customers.models import Customer, Identifier
from events import changes
from events.models import Event
from segments import lists
from segments.incremental import CONSUMER, refresh_changed
from segments.models import Cause, Segment, SegmentMembership
from segments.overlap import overlap
from segments.preview import preview
from segments.refresh import refresh_segment
from segments.rules import RuleError
from segments.schema import schema
from segments.selectors import size_history, used_by
from segments.services import InUseError, delete_segment, save_segment
from segments.why import why
from tests.segments.conftest import AS_OF

BUYERS = {"event": "purchase", "count": {"gte": 2}}


@pytest.fixture
def buyers(shop):
    """Two orders make a buyer; Alice has them when the segment is counted first."""
    for days in (5, 6):
        shop.event(shop.customer("alice") if days == 5 else person("alice"), days)
    shop.event(shop.customer("bob"), 4)
    segment = save_segment(Segment(name="Buyers", rule=BUYERS), now=AS_OF)
    refresh_segment(segment, as_of=AS_OF, now=AS_OF)
    return segment


def person(name):
    return Customer.objects.get(external_id=name)


def told():
    rows = Event.objects.filter(type__startswith="segment_").order_by("id")
    return [(e.type, e.customer.external_id, e.properties["segment"], e.properties["by"]) for e in rows]


def test_the_first_count_is_no_event_and_later_moves_are(shop, buyers):
    assert told() == []
    assert SegmentMembership.objects.get().entered_by == Cause.FIRST
    shop.event(person("bob"), 3)
    changes.note([person("bob").pk], AS_OF)
    assert refresh_changed(as_of=AS_OF, now=AS_OF) == 1
    assert told() == [("segment_entered", "bob", "buyers", "rule")]
    buyers.refresh_from_db()
    assert (buyers.size, buyers.runs.filter(complete=False).get().entered) == (2, 1)
    # What was written about Bob makes him be looked at once more, and then it is quiet.
    assert refresh_changed(as_of=AS_OF, now=AS_OF) == 1
    assert refresh_changed(as_of=AS_OF, now=AS_OF) == 0
    assert len(told()) == 1


def test_a_changed_rule_waits_for_its_complete_refresh(shop, buyers):
    buyers.rule = {"event": "purchase", "count": {"gte": 3}}
    save_segment(buyers, now=AS_OF)
    changes.note([person("alice").pk], AS_OF)
    refresh_changed(as_of=AS_OF, now=AS_OF)
    assert told() == []
    refresh_segment(buyers, as_of=AS_OF, now=AS_OF)
    assert told() == [("segment_left", "alice", "buyers", "edited")]
    stay = SegmentMembership.objects.get()
    assert (stay.left_by, stay.left_at) == (Cause.EDITED, AS_OF)


def test_who_stays_is_neither_written_nor_told_nor_looked_at_again(shop, buyers):
    stay = SegmentMembership.objects.values().get()
    changes.fold(AS_OF)
    changes.acknowledge(CONSUMER, changes.take(CONSUMER, 10, AS_OF))
    later = AS_OF + timedelta(days=1)
    refresh_segment(buyers, as_of=later, now=later)
    buyers.rule = {"any": [BUYERS, {"event": "view"}]}
    save_segment(buyers, now=later)
    assert (refresh_segment(buyers, as_of=later, now=later).size, told()) == (1, [])
    changes.note([person("alice").pk], later)
    assert refresh_changed(as_of=later, now=later) == 1
    assert refresh_changed(as_of=later, now=later) == 0
    assert (SegmentMembership.objects.values().get(), told()) == (stay, [])


def test_who_waits_for_a_profile_is_looked_at_after_it(shop, buyers, monkeypatch):
    monkeypatch.setitem(changes.consumers._entries, "profiles", "builds profiles")
    changes.note([person("bob").pk], AS_OF)
    assert changes.take(CONSUMER, 10, AS_OF, after="profiles") == []
    changes.acknowledge("profiles", changes.take("profiles", 10, AS_OF))
    assert [c.customer_id for c in changes.take(CONSUMER, 10, AS_OF, after="profiles")] == [person("bob").pk]
    changes.note([person("alice").pk], AS_OF)
    assert changes.take(CONSUMER, 10, AS_OF, after="profiles") == []
    late = AS_OF + changes.PATIENCE
    assert len(changes.take(CONSUMER, 10, late, after="profiles")) == 1


def test_why(shop, buyers):
    rule = {"all": [BUYERS, {"not": {"field": "customer.country", "op": "eq", "value": "DE"}},
                    {"segment": "buyers"}, {"event": "view", "never": True}]}  # fmt: skip
    alice, bob = person("alice"), person("bob")
    found = why(rule, [alice.pk, bob.pk], as_of=AS_OF)
    tree = found[bob.pk]["tree"]
    assert (found[alice.pk]["member"], found[bob.pk]["member"]) == (True, False)
    assert [(p["path"], p["kind"], p["fits"], p["value"]) for p in tree["parts"]] == [
        ("all[0]", "event", False, 1),
        ("all[1]", "not", True, None),
        ("all[2]", "segment", False, None),
        ("all[3]", "event", True, None),
    ]
    assert tree["parts"][1]["parts"][0]["fits"] is False
    assert tree["parts"][0]["words"] == "bought at least 2 times"


def test_every_part_is_counted(shop, buyers):
    seen = preview({"any": [BUYERS, {"not": {"event": "purchase"}}]}, as_of=AS_OF)
    assert {row["path"]: row["size"] for row in seen["conditions"]} == {
        "": 1, "any[0]": 1, "any[1]": 0, "any[1].not": 2,
    }  # fmt: skip
    assert (seen["size"], seen["total"]) == (1, 2)


def test_overlap_and_history(shop, buyers):
    shared = overlap({"event": "purchase"}, as_of=AS_OF)
    assert shared["size"] == 2
    assert shared["segments"][0] == {"slug": "buyers", "name": "Buyers", "size": 1, "both": 1}
    shop.event(person("bob"), 3)
    refresh_segment(buyers, as_of=AS_OF + timedelta(days=1), now=AS_OF + timedelta(days=1))
    history = size_history(buyers, now=AS_OF + timedelta(days=1))
    assert [(row["size"], row["entered"], row["left"]) for row in history] == [(1, 1, 0), (2, 1, 0)]


def test_lists_take_ids_and_addresses(as_migrated, shop):
    alice, bob = shop.customer("alice"), shop.customer("bob")
    value = keyed_hash("email", "bob@example.com")
    Identifier.objects.create(kind="email", value_hash=value, customer=bob, created_at=AS_OF)
    guests = save_segment(Segment(name="Guests", kind=Segment.Kind.STATIC), now=AS_OF)
    names = ["alice", " Bob@Example.com ", "nobody", "no@where.example", "a\0b", "alice"]
    assert lists.add(guests, names, now=AS_OF) == {
        "entered": 2, "left": 0, "size": 2, "unknown": ["nobody", "no@where.example", "a\0b"],
    }  # fmt: skip
    assert lists.remove(guests, ["alice"], now=AS_OF)["left"] == 1
    assert lists.add(guests, ["bob"], now=AS_OF)["entered"] == 0
    assert told() == [
        ("segment_entered", "alice", "guests", "list"),
        ("segment_entered", "bob", "guests", "list"),
        ("segment_left", "alice", "guests", "list"),
    ]
    assert alice.memberships.get().left_by == Cause.LIST
    with pytest.raises(RuleError, match="at most"):
        lists.add(guests, ["x"] * (lists.MOST + 1), now=AS_OF)
    with pytest.raises(RuleError, match="by hand"):
        lists.add(Segment.objects.get(slug="champions"), ["alice"], now=AS_OF)


def test_what_others_name_is_not_removed_unless_forced_and_they_say_what_is_missing(shop, buyers):
    other = save_segment(Segment(name="Other", rule={"not": {"segment": "buyers"}}), now=AS_OF)
    refresh_segment(other, as_of=AS_OF, now=AS_OF)
    assert used_by("buyers") == [other]
    with pytest.raises(InUseError, match="Other"):
        delete_segment(buyers, now=AS_OF)
    delete_segment(buyers, now=AS_OF, force=True)
    run = refresh_segment(other, as_of=AS_OF, now=AS_OF)
    assert "There is no segment “buyers”" in run.error
    assert SegmentMembership.objects.filter(segment=other, left_at=None).count() == 1


def test_the_schema_names_what_rules_may_say(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = schema()
    names = {entry["name"]: entry for entry in found["fields"]}
    assert names["profile.lifecycle"]["choices"][0] == {"value": "prospect", "label": "never bought"}
    assert {key["value"] for key in names["consent"]["keys"]} >= {"email", "sms"}
    assert names["customer.attributes"]["any_key"]
    assert {op["op"]: op["takes"] for op in found["operators"]["birthday"]}["in_next_days"] == "days"


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"event": "view", "where": [{"column": "customer_id", "op": "eq", "value": "1"}]}, "where[0].column"),  # noqa: E501
        ({"event": "view", "where": [{"property": "a", "op": "like", "value": "1"}]}, "where[0].op"),
        ({"event": "view", "where": [{"op": "eq", "value": 1}]}, "where[0]"),
        ({"event": "view", "where": [{"property": "a", "op": "is_set"}] * 11}, "where"),
        ({"event": "view", "sum": {"of": "id", "gte": 1}}, "sum.of"),
        ({"event": "view", "sum": {"of": "properties.", "gte": 1}}, "sum.of"),
        ({"event": "view", "first": {"lt": 3}}, "first"),
        ({"event": "view", "earliest": 0}, "earliest"),
        ({"event": "view", "earliest": 1, "latest": 1}, ""),
        ({"event": "view", "within": {"fortnights": 2}}, "within"),
        ({"event": "view", "within": {"days": 1}, "within_days": 1}, ""),
        ({"event": "view", "from": "0001-01-01"}, "from"),
        ({"event": "view", "from": {"start_of": "epoch"}}, "from.start_of"),
        ({"event": "view", "from": {"start_of": "year", "shift": 10**9}}, "from.shift"),
        ({"event": "view", "from": "2024-01-01", "zone": "moon"}, "zone"),
        ({"sequence": [{"event": "view"}], "within": {"hours": 1}}, "sequence"),
        ({"sequence": [{"event": "view"}, {"event": "view"}]}, "within"),
        ({"sequence": [{"event": "view"}, {"event": "view", "count": {"gte": 1}}], "within": {"hours": 1}}, "sequence[1]"),  # noqa: E501
        ({"message": "read"}, "message"),
        ({"message": "opened", "of_last": 0}, "of_last"),
        ({"coupon": "stolen"}, "coupon"),
        ({"share": {"percent": 0, "salt": "x"}}, "share.percent"),
        ({"share": {"percent": 50, "salt": "x", "from": 60}}, "share.from"),
        ({"share": {"percent": 50}}, "share.salt"),
        ({"top": {"field": "score.churn"}}, "top"),
        ({"top": {"field": "customer.country", "n": 3}}, "top.field"),
        ({"top": {"field": "score.churn; --", "n": 3}}, "top.field"),
        ({"top": {"field": "score.churn", "n": 3, "order": "random()"}}, "top.order"),
        ({"top": {"field": "score.churn", "n": 3, "of": {"event": "sneeze"}}}, "top.of.event"),
        ({"field": "customer.birthday", "op": "on", "value": "13-01"}, "value"),
        ({"field": "customer.birthday", "op": "in_next_days", "value": 367}, "value"),
    ],
)  # fmt: skip
def test_what_is_refused_in_version_two(db, rule, path):
    with pytest.raises(RuleError) as caught:
        preview(rule, as_of=AS_OF)
    assert caught.value.path == path


@pytest.mark.parametrize("text", ["'; DROP TABLE x; --", "%s", "{x}", '"', "a.b'.c", "1) OR (1=1"])
def test_nothing_a_rule_says_becomes_sql(shop, text):
    shop.event(shop.customer("alice"), 2, properties={text: text})
    for rule, size in [
        ({"event": "purchase", "where": [{"property": text, "op": "eq", "value": text}]}, 1),
        ({"event": "purchase", "where": [{"property": text, "op": "in", "value": [text]}]}, 1),
        ({"event": "purchase", "where": [{"column": "source", "op": "eq", "value": text}]}, 0),
        ({"event": "purchase", "distinct": {"of": f"properties.{text}", "eq": 1}}, 1),
        ({"event": "purchase", "sum": {"of": f"properties.{text}", "gt": 0}}, 0),
        ({"message": "opened", "campaign": text, "channel": text}, 0),
        ({"coupon": "redeemed", "pool": text}, 0),
        ({"share": {"percent": 100, "salt": text}}, 1),
        ({"field": f"customer.attributes.{text}", "op": "before", "value": "2024-01-01"}, 0),
    ]:
        assert preview(rule, as_of=AS_OF)["size"] == size
