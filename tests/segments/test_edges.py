"""Rules at their limits, odd data, lists in a shop whose day stands still, and two people at one segment."""

from datetime import timedelta

import pytest

from customers.models import Customer
from profiles.models import CustomerProfile
from segments import lists
from segments.drafting import draft
from segments.freezing import freeze
from segments.models import Segment
from segments.preview import preview
from segments.refresh import refresh_all, refresh_segment
from segments.rules import RuleError
from segments.services import ChangedMeanwhileError, InUseError, delete_segment, save_segment
from segments.why import why
from tests.segments.conftest import AS_OF

EVERYONE = {"all": []}


def countries(count):
    return {"any": [{"field": "customer.locale", "op": "eq", "value": f"x{n}"} for n in range(count)]}


def test_as_many_conditions_as_are_allowed_are_counted_and_explained(shop):
    customer = shop.customer("alice", locale="x199")
    found = preview(countries(200), as_of=AS_OF)
    assert (found["size"], found["total"], len(found["conditions"])) == (1, 1, 201)
    assert {"path": "any[199]", "size": 1} in found["conditions"]
    tree = why(countries(200), [customer.pk], as_of=AS_OF)[customer.pk]["tree"]
    assert [part["value"] for part in tree["parts"]] == ["x199"] * 200
    assert [part["fits"] for part in tree["parts"]] == [False] * 199 + [True]


def test_groups_without_conditions_are_limited_too():
    bomb = {"all": [{"all": [EVERYONE] * 200}] * 10}
    with pytest.raises(RuleError, match="more than 1000 groups and conditions"):
        preview(bomb, as_of=AS_OF)


@pytest.mark.parametrize(
    ("op", "value", "size"), [("in", [1, 0.1], 1), ("not_in", [1, 0.1], 1), ("eq", 0.1, 1), ("gt", 5, 1)]
)
def test_a_number_beyond_what_machines_count_with_is_compared_all_the_same(shop, op, value, size):
    shop.customer("huge", attributes={"points": 10**400})
    shop.customer("small", attributes={"points": 0.1})
    found = preview({"field": "customer.attributes.points", "op": op, "value": value}, as_of=AS_OF)
    assert found["size"] == size


@pytest.mark.parametrize("sentence", ["bought at least {} times", "买过{}次以上"])
def test_a_sentence_with_a_number_of_400_digits_is_answered(db, sentence):
    assert draft(sentence.format("1" * 400)) is not None


def test_lists_count_at_once_in_a_shop_whose_day_stands_still(shop, settings):
    settings.SHOP_AS_OF = AS_OF.isoformat()
    for name in ("alice", "bob"):
        shop.customer(name)
    now = AS_OF + timedelta(days=900)
    by_hand = save_segment(Segment(name="VIPs", kind=Segment.Kind.STATIC), now=now)
    lists.add(by_hand, ["alice", "bob"], now=now)
    assert preview({"segment": by_hand.slug}, as_of=AS_OF)["size"] == 2
    lists.remove(by_hand, ["alice"], now=now)
    assert preview({"segment": by_hand.slug}, as_of=AS_OF)["size"] == 1
    frozen = freeze(EVERYONE, name="all", as_of=AS_OF, now=now, user=None)
    assert preview({"segment": frozen.slug}, as_of=AS_OF)["size"] == 2


def test_a_segment_removed_during_the_refresh_of_all_keeps_no_other_back(shop):
    first = save_segment(Segment(name="a", rule=EVERYONE), now=AS_OF)
    save_segment(Segment(name="b", rule=EVERYONE), now=AS_OF)

    def remove(done, total, what=""):
        if what == "a":
            Segment.objects.get(slug="a").delete()

    runs = refresh_all(as_of=AS_OF, now=AS_OF, slugs=["a", "b"], progress=remove)
    assert [run.segment.slug for run in runs] == ["b"]
    with pytest.raises(ChangedMeanwhileError):
        save_segment(first, now=AS_OF)
    assert not Segment.objects.filter(slug="a").exists()


def test_saving_leaves_what_the_refresh_wrote_meanwhile(shop):
    shop.customer("alice")
    save_segment(Segment(name="a", rule=EVERYONE), now=AS_OF)
    read = Segment.objects.get(slug="a")
    refresh_segment(Segment.objects.get(slug="a"), as_of=AS_OF, now=AS_OF)
    read.name = "b"
    save_segment(read, now=AS_OF)
    stored = Segment.objects.get(slug="a")
    assert (stored.name, stored.size, stored.refreshed_at, stored.counted_version) == ("b", 1, AS_OF, 1)


def test_the_second_of_two_editors_does_not_overwrite_the_first(shop):
    save_segment(Segment(name="a", rule=EVERYONE), now=AS_OF)
    first, second = Segment.objects.get(slug="a"), Segment.objects.get(slug="a")
    first.rule, second.rule = {"event": "purchase"}, {"event": "view"}
    save_segment(first, now=AS_OF)
    with pytest.raises(ChangedMeanwhileError):
        save_segment(second, now=AS_OF)
    stored = Segment.objects.get(slug="a")
    assert (stored.rule, stored.version) == ({"event": "purchase"}, 2)


def test_a_short_name_that_others_use_stays(shop):
    named = save_segment(Segment(name="a", rule=EVERYONE), now=AS_OF)
    naming = save_segment(Segment(name="b", rule={"segment": "a"}), now=AS_OF)
    named.slug = "c"
    with pytest.raises(InUseError, match="b"):
        save_segment(named, now=AS_OF)
    assert Segment.objects.get(pk=named.pk).slug == "a"
    delete_segment(naming, now=AS_OF)
    save_segment(named, now=AS_OF)
    assert Segment.objects.get(pk=named.pk).slug == "c"


def test_a_top_list_counted_every_20_seconds_keeps_only_the_runs_that_moved_somebody(shop):
    shop.customer("alice")
    rule = {"top": {"field": "customer.created_at", "n": 1}}
    segment = save_segment(Segment(name="Newest", rule=rule), now=AS_OF)
    refresh_segment(segment, as_of=AS_OF, now=AS_OF)
    later = AS_OF + timedelta(seconds=20)
    refresh_all(as_of=later, now=later, slugs=["newest"], only_moves=True)
    assert segment.runs.count() == 1
    shop.customer("bob")
    Customer.objects.filter(external_id="bob").update(created_at=AS_OF)
    refresh_all(as_of=later, now=later, slugs=["newest"], only_moves=True)
    assert [(run.entered, run.left) for run in segment.runs.order_by("id")] == [(1, 0), (1, 1)]
    refresh_all(as_of=later, now=later, slugs=["newest"])
    assert segment.runs.count() == 3


def test_data_that_cannot_be_compared_stop_one_segment_and_are_not_told(shop):
    alice = shop.customer("alice")
    CustomerProfile.objects.create(
        customer=alice, as_of=AS_OF, computed_at=AS_OF, category_affinity={"tea": "secret"}
    )
    rule = {"field": "profile.category_affinity.tea", "op": "gte", "value": 0.5}
    save_segment(Segment(name="a", rule=rule), now=AS_OF)
    save_segment(Segment(name="b", rule=EVERYONE), now=AS_OF)
    with pytest.raises(RuleError, match="22P02"):
        preview(rule, as_of=AS_OF)
    runs = refresh_all(as_of=AS_OF, now=AS_OF, slugs=["a", "b"])
    assert ["22P02" in run.error for run in runs] == [True, False]
    assert "secret" not in runs[0].error
    assert runs[1].size == 1
