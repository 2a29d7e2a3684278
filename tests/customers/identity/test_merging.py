"""Two customers become one, and exactly two again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import AuditEntry
from campaigns.coupons.models import Coupon
from campaigns.experiments.models import Assignment
from customers.consent import ConsentRow
from customers.holdings import Rows
from customers.identity import merging
from customers.identity.merging import MergeRefused
from customers.models import Consent, Customer, CustomerMerge, HouseholdMember, Identifier, MergeProposal
from customers.registries import erasers, exporters, followers
from customers.selectors import by_external_id
from customers.services import record_consents, upsert_customers
from delivery.models import Message, Run
from events.merging import settle
from events.models import Event
from events.services import ingest, record
from profiles.models import CustomerProfile
from segments.models import SegmentMembership
from tests.factories.coupons import CouponFactory, PoolFactory
from tests.factories.customers import make_customer
from tests.factories.events import event
from tests.factories.shop import NOW as SHOP_NOW
from tests.factories.shop import open_shop
from tests.factories.tables import RECORDS, checksums
from tests.patience import PATIENCE

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def pair(db):
    upsert_customers(
        [
            {"external_id": "kept", "first_name": "Ada", "email": "ada@example.com", "attributes": {"a": 1}},
            {
                "external_id": "merged", "first_name": "A.", "phone": "+4930123456", "locale": "de",
                "attributes": {"a": 2, "b": 3}, "no_profiling": True, "known_since": NOW - DAY,
            },
        ],
        NOW,
    )  # fmt: skip
    return Customer.objects.get(external_id="kept"), Customer.objects.get(external_id="merged")


def test_the_kept_customer_takes_over_what_it_lacks(pair):
    kept, merged = pair
    ingest([event("m1", customer="merged"), event("k1", customer="kept")], now=NOW)
    merging.merge(kept, merged, now=NOW + DAY)
    one = Customer.objects.get()
    assert (one.first_name, one.email, one.phone, one.locale) == (
        "Ada",
        "ada@example.com",
        "+4930123456",
        "de",
    )
    assert (one.attributes, one.no_profiling, one.created_at) == ({"a": 1, "b": 3}, True, NOW - DAY)
    assert set(Event.objects.values_list("customer_id", flat=True)) == {kept.pk}
    assert by_external_id("merged") == one
    ingest([event("m2", customer="merged")], now=NOW + DAY)
    assert Event.objects.filter(customer=kept).count() == 3
    assert Customer.objects.count() == 1


def test_the_merged_customers_id_is_another_name_of_the_kept_one(pair):
    kept, merged = pair
    merging.merge(kept, merged, now=NOW + DAY)
    result = upsert_customers([{"external_id": "merged", "last_name": "Lovelace"}], NOW + DAY)
    assert (result.ids, result.created) == ({"merged": kept.pk}, set())
    assert Customer.objects.get().last_name == "Lovelace"


def test_the_audit_log_names_nobody(pair):
    merging.merge(*pair, now=NOW, actor="till")
    entry = AuditEntry.objects.get(action="merge_customers")
    assert "Ada" not in f"{entry.object_name}{entry.before}{entry.after}"
    assert entry.actor == "till"


def test_what_came_meanwhile_goes_to_whose_identifier_it_came_by(pair):
    kept, merged = pair
    ingest([event("m1", customer="merged"), event("k1", customer="kept")], now=NOW)
    merge = merging.merge(kept, merged, now=NOW + DAY)
    ingest([event("m2", customer="merged"), event("k2", customer="kept")], now=NOW + DAY)
    record([{"source": "rapport", "message_id": "sent", "type": "message_sent", "occurred_at": NOW,
             "customer_id": kept.pk}], NOW)  # fmt: skip
    assert merging.undo(merge, now=NOW + 2 * DAY) == merged
    owners = dict(Event.objects.values_list("message_id", "customer__external_id"))
    assert owners == {"m1": "merged", "m2": "merged", "k1": "kept", "k2": "kept", "sent": "kept"}


def test_a_field_changed_since_stays_changed_and_the_others_go_back(pair):
    kept, merged = pair
    merge = merging.merge(kept, merged, now=NOW + DAY)
    upsert_customers([{"external_id": "kept", "locale": "fr"}], NOW + DAY)
    merging.undo(merge, now=NOW + 2 * DAY)
    kept.refresh_from_db()
    assert (kept.locale, kept.phone, kept.attributes, kept.no_profiling) == ("fr", None, {"a": 1}, False)
    assert Customer.objects.get(pk=merged.pk).phone == "+4930123456"


def test_the_latest_word_of_both_counts_and_undo_tells_what_came_since(pair):
    kept, merged = pair

    def say(customer, channel, granted, at):
        record_consents([ConsentRow(customer.pk, channel, granted, "form", at)], NOW)

    say(kept, "email", True, NOW - 2 * DAY)
    say(merged, "email", False, NOW - DAY)
    say(kept, "sms", True, NOW - DAY)
    say(merged, "sms", False, NOW - 2 * DAY)
    before = checksums(without=RECORDS)
    merge = merging.merge(kept, merged, now=NOW)
    state = dict(Consent.objects.filter(customer=kept).values_list("channel", "granted"))
    assert state == {"email": False, "sms": True}
    say(kept, "push", True, NOW)
    say(kept, "email", True, NOW - 3 * DAY)  # older than what is known: changes nothing
    merging.undo(merge, now=NOW + DAY)
    states = set(Consent.objects.values_list("customer_id", "channel", "granted"))
    assert states == {
        (kept.pk, "email", True), (merged.pk, "email", False), (kept.pk, "sms", True),
        (merged.pk, "sms", False), (kept.pk, "push", True),
    }  # fmt: skip
    Consent.objects.filter(channel="push").delete()
    kept.consent_events.filter(channel="push").delete()
    kept.consent_events.filter(occurred_at=NOW - 3 * DAY).delete()
    assert checksums(without=RECORDS) == before


def test_merges_are_undone_last_first(pair):
    kept, merged = pair
    third = make_customer("third")
    first = merging.merge(kept, merged, now=NOW)
    second = merging.merge(third, kept, now=NOW + DAY)
    assert by_external_id("merged") == third
    with pytest.raises(MergeRefused, match="later merge of kept"):
        merging.undo(first, now=NOW + DAY)
    merging.undo(second, now=NOW + DAY)
    merging.undo(first, now=NOW + DAY)
    assert set(Customer.objects.values_list("external_id", flat=True)) == {"kept", "merged", "third"}
    with pytest.raises(MergeRefused, match="undone already"):
        merging.undo(first, now=NOW + DAY)


def test_what_cannot_be_merged_is_refused(pair):
    kept, merged = pair
    with pytest.raises(MergeRefused, match="same customer"):
        merging.merge(kept, kept, now=NOW)
    stub = Customer.objects.create(external_id="ours", own_id=False, created_at=NOW, updated_at=NOW)
    with pytest.raises(MergeRefused, match="id of your own"):
        merging.merge(stub, merged, now=NOW)
    merging.merge(kept, merged, now=NOW)
    with pytest.raises(MergeRefused, match="not there"):
        merging.merge(kept, merged, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_whole_shop_is_as_it_was_after_merge_and_undo(settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    settings.SHOP_AS_OF = SHOP_NOW.isoformat()
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    open_shop()
    kept, merged, third = (Customer.objects.get(external_id=f"c{n}") for n in (1, 2, 3))
    run = Run.objects.get()
    Message.objects.filter(run=run, customer__in=[kept, merged]).update(state="sent", sent_at=SHOP_NOW)
    pool = PoolFactory(created_at=SHOP_NOW)
    for customer in (kept, merged):
        CouponFactory(
            pool=pool, customer=customer, assigned_for="spring", assigned_at=SHOP_NOW, created_at=SHOP_NOW
        )
    household = Identifier.objects.create(kind="household", value_hash="h", created_at=SHOP_NOW)
    HouseholdMember.objects.create(customer=merged, household=household, since=SHOP_NOW)
    pairs = [sorted([kept.pk, merged.pk]), sorted([merged.pk, third.pk])]
    MergeProposal.objects.bulk_create(
        MergeProposal(first_id=a, second_id=b, kind="email", created_at=SHOP_NOW) for a, b in pairs
    )
    before = checksums()
    counted = {
        model: model.objects.filter(customer=merged).count()
        for model in (Event, Message, Coupon, Consent, SegmentMembership, Assignment, CustomerProfile)
    }
    assert all(counted.values()), counted
    merge = merging.merge(kept, merged, now=SHOP_NOW)
    for model in counted:
        assert not model.objects.filter(customer_id=merged.pk).exists(), model
    assert Coupon.objects.filter(customer=kept).count() == 2
    assert Message.objects.filter(run=run, customer=kept).count() == 2
    assert Message.objects.filter(run=run).count() == run.audience
    assert HouseholdMember.objects.get().customer == kept
    changed = {label for label, value in checksums().items() if value != before[label]}
    assert len(changed) >= 10
    merging.undo(merge, now=SHOP_NOW + DAY)
    assert {label for label, value in checksums().items() if value != before[label]} == set()


@pytest.mark.django_db
def test_a_waiting_message_is_not_sent_twice_to_one_person(settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    open_shop()
    kept, merged = (Customer.objects.get(external_id=f"c{n}") for n in (1, 2))
    Message.objects.filter(customer__in=[kept, merged]).update(state="pending")
    merging.merge(kept, merged, now=SHOP_NOW)
    assert Message.objects.filter(customer=kept).count() == 1


@pytest.mark.django_db
def test_events_of_a_batch_under_way_follow(pair):
    kept, merged = pair
    ingest([event("m1", customer="merged"), event("v", customer=None, anonymous_id="v1")], now=NOW)
    merge = merging.merge(kept, merged, now=NOW)
    Event.objects.filter(message_id="m1").update(customer=merged.pk)  # committed after the merge
    Identifier.objects.filter(kind="anonymous").update(customer=kept, joined_at=NOW)
    assert settle(NOW + timedelta(minutes=1)) == 2
    assert set(Event.objects.values_list("customer_id", flat=True)) == {kept.pk}
    merging.undo(merge, now=NOW)
    Event.objects.filter(message_id="m1").update(customer=kept)
    assert settle(NOW + timedelta(minutes=1)) == 1
    assert Event.objects.get(message_id="m1").customer_id == merged.pk
    assert settle(NOW + timedelta(minutes=1)) == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_each_other_at_once_leave_one():
    a, b = make_customer("a"), make_customer("b")
    gate = Barrier(2)

    def run(kept, merged):
        try:
            gate.wait(timeout=PATIENCE)
            merging.merge(kept, merged, now=NOW)
        except MergeRefused:
            return "refused"
        else:
            return "merged"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = [job.result() for job in [pool.submit(run, a, b), pool.submit(run, b, a)]]
    assert sorted(results) == ["merged", "refused"]
    assert Customer.objects.count() == CustomerMerge.objects.count() == 1


#: Tables with a customer that a merge, an erasure or an export need not know, and why.
EXEMPT: dict[str, str] = {}


def test_every_table_about_customers_says_what_becomes_of_it():
    """A new table with a customer in it must be registered: see customers.holdings.hold."""
    about = {
        model._meta.label_lower
        for model in apps.get_models()
        if model is not Customer
        for field in model._meta.concrete_fields
        if field.related_model is Customer or field.column in ("customer_id", "customer")
    }
    assert {"events.event", "delivery.message", "coupons.coupon"} <= about
    assert "events.changedcustomer" in dict(erasers)
    for registry in (followers, erasers, exporters):
        assert about - {name for name, _ in registry} - set(EXEMPT) == set(), registry
    for name, follower in followers:
        if isinstance(follower, Rows):
            assert name in about
