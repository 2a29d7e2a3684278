"""What a file says about people: the same answers as upsert_customers gives to who somebody is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.identity import Reference, resolve_actors
from customers.identity.merging import merge
from customers.loading import load_people, take_back_people, weigh_people
from customers.models import Customer, CustomerMerge, Identifier, MergeProposal
from customers.selectors import by_external_id
from customers.services import upsert_customers
from events.models import ChangeNote
from tests.factories.customers import make_customer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
pytestmark = pytest.mark.django_db


def stub(email):
    """Return somebody known by an e-mail address only."""
    (actor,) = resolve_actors([Reference("email", email)], NOW, create=True)
    return Customer.objects.get(pk=actor.customer_id)


def merged_pair():
    kept, merged = make_customer("kept", email="kept@x.example"), make_customer("gone", phone="+12025550100")
    merge(kept, merged, now=NOW)
    return kept


def tables():
    """Return customers, identifiers, proposals and merges without keys, ciphers and moments of writing."""
    names = dict(Customer.objects.values_list("pk", "external_id"))
    people = [
        (c.external_id, c.first_name, c.email, c.email_domain, c.phone, c.birthday, c.birth_month_day,
         c.country, c.locale, c.attributes, c.no_profiling, c.is_stub, c.own_id, c.created_at)
        for c in Customer.objects.order_by("external_id")
    ]  # fmt: skip
    identifiers = sorted((i.kind, i.value_hash, names.get(i.customer_id)) for i in Identifier.objects.all())
    proposals = [(p.first.external_id, p.second.external_id, p.kind) for p in MergeProposal.objects.all()]
    merges = sorted((m.kept.external_id, m.merged_external_id, m.reason) for m in CustomerMerge.objects.all())
    return people, identifiers, proposals, merges


CASES = {
    "new": [
        {"external_id": "a", "email": "Ä@Straße.example", "phone": "030 1234567", "country": "DE",
         "birthday": "1990-12-31", "first_name": "Zoë\t\\N", "attributes": {"tier": "gold", "n": 1},
         "known_since": NOW - timedelta(days=9)},
        {"external_id": "b", "no_profiling": True, "locale": "en"},
    ],
    "a record that is changed": [{"external_id": "kept", "email": "new@x.example", "first_name": "Ann"}],
    "another name of a merged one": [{"external_id": "gone", "first_name": "Bo", "email": "bo@x.example"}],
    "a stub is completed": [{"external_id": "c", "email": "stub@x.example", "first_name": "Cy"}],
    "a stub is merged": [{"external_id": "kept", "email": "stub@x.example"}],
    "a taken address": [{"external_id": "other", "email": "kept@x.example", "first_name": "No"}],
    "a taken address, new": [{"external_id": "fresh", "email": "kept@x.example"}],
    "an id of ours": [{"external_id": "STUB", "first_name": "Di"}],
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rule", ["propose", "auto"])
def test_the_same_rows_make_the_same_tables(case, rule, settings):
    settings.CUSTOMERS_MERGE = rule
    found = {}
    for way in (upsert_customers, load_people):
        merged_pair()
        make_customer("other")
        known = stub("stub@x.example")
        Identifier.objects.filter(customer=known, kind="external_id").update(value_hash="made")
        Customer.objects.filter(pk=known.pk).update(external_id="made")
        rows = [row | {"external_id": row["external_id"].replace("STUB", "made")} for row in CASES[case]]
        result = way(rows, LATER)
        found[way] = (*tables(), sorted(result.rejected))
        for model in (CustomerMerge, MergeProposal, Identifier, Customer):
            model.objects.all().delete()
    assert found[load_people] == found[upsert_customers]


@pytest.mark.parametrize("way", [upsert_customers, load_people])
def test_an_id_of_ours_that_comes_back_stays_ours(way):
    """A partner who exports customers and sends them back has not given anybody an id."""
    known = stub("stub@x.example")
    way([{"external_id": known.external_id, "first_name": "Di"}], LATER)
    known.refresh_from_db()
    assert (known.first_name, known.is_stub, known.own_id) == ("Di", False, False)
    # So their own id, once it comes, is still taken.
    way([{"external_id": "17", "email": "stub@x.example"}], LATER)
    assert Customer.objects.values_list("pk", "external_id", "own_id").get() == (known.pk, "17", True)


def test_a_row_with_a_merged_id_changes_the_kept_customer():
    kept = merged_pair()
    loaded = load_people([{"external_id": "gone", "last_name": "Lee"}], LATER)
    kept.refresh_from_db()
    assert (loaded.created, loaded.changed, loaded.ids) == (0, 1, {0: kept.pk})
    assert (kept.external_id, kept.last_name, Customer.objects.count()) == ("kept", "Lee", 1)


def test_completing_somebody_is_taken_back_whole():
    known = stub("stub@x.example")
    before = tables()
    loaded = load_people([{"external_id": "c", "email": "stub@x.example", "first_name": "Cy"}], LATER)
    assert by_external_id("c") == known and (loaded.created, loaded.changed) == (0, 1)
    assert take_back_people(loaded.changes, LATER, keep=()) == []
    assert tables() == before


def test_who_has_no_id_in_the_file_gets_one_with_a_later_file():
    (first,) = load_people([{"email": "a@x.example", "first_name": "Al"}], NOW).ids.values()
    assert not Customer.objects.get().own_id
    again = load_people([{"external_id": "17", "email": "a@x.example"}], LATER)
    assert (again.created, again.ids) == (0, {0: first})
    assert Customer.objects.values_list("external_id", "own_id", "first_name").get() == ("17", True, "Al")


def test_of_two_rows_only_the_first_completes_somebody():
    stub("stub@x.example")
    rows = [{"external_id": name, "email": "stub@x.example"} for name in ("c", "d")]
    weighed = weigh_people(rows, {})
    loaded = load_people(rows, LATER)
    assert list(loaded.rejected) == list(weighed.rejected) == [1]
    assert list(Customer.objects.values_list("external_id", flat=True)) == ["c"]


def test_changed_customers_are_told_of_once_and_untouched_ones_never():
    rows = [{"external_id": "a", "first_name": "Al"}, {"external_id": "b"}]
    loaded = load_people(rows, NOW)
    assert [sorted(note.customer_ids) for note in ChangeNote.objects.all()] == [sorted(loaded.ids.values())]
    ChangeNote.objects.all().delete()
    assert load_people(rows, LATER).unchanged == 2
    assert not ChangeNote.objects.exists()
    changed = load_people([{"external_id": "a", "first_name": "Ann"}, rows[1]], LATER)
    take_back_people(changed.changes, LATER, keep=())
    assert [note.customer_ids for note in ChangeNote.objects.all()] == [[loaded.ids[0]]] * 2


def test_the_number_of_queries_does_not_grow():
    def queries(name, size):
        rows = [{"external_id": f"{name}{i}", "email": f"{name}{i}@x.example"} for i in range(size)]
        with CaptureQueriesContext(connection) as captured:
            load_people(rows, NOW)
        return len(captured)

    assert queries("a", 2) == queries("b", 1000)
