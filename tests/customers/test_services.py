"""Customers, consents and suppressed addresses in sets."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.encryption import keyed_hash
from customers.identity import ensure_actors
from customers.models import Consent, ConsentEvent, Customer, Identifier, Suppression
from customers.selectors import by_external_id
from customers.services import ConsentRow, record_consents, suppress, upsert_customers
from tests.factories.customers import make_customer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def test_personal_fields_are_not_readable_in_the_table():
    make_customer("c1", email="Ada@Example.com", phone="+1 202 555 0123", birthday="1990-12-31")
    with connection.cursor() as cursor:
        cursor.execute("SELECT email, phone, birthday, email_domain, birth_month_day FROM customers_customer")
        email, phone, birthday, domain, day = cursor.fetchone()
    assert not any(plain in email + phone + birthday for plain in ("Ada", "202", "1990"))
    assert (domain, day) == ("example.com", "12-31")
    assert Identifier.objects.get(kind="email").value_hash == keyed_hash("email", "ada@example.com")


def test_the_same_rows_again_change_nothing():
    rows = [{"external_id": f"c{i}", "email": f"c{i}@example.com"} for i in range(5)]
    assert len(upsert_customers(rows, NOW).created) == 5
    again = upsert_customers(rows, NOW + DAY)
    assert (again.created, again.rejected) == (set(), {})
    assert (Customer.objects.count(), Identifier.objects.count()) == (5, 10)
    assert set(Customer.objects.values_list("created_at", flat=True)) == {NOW}


def test_a_changed_address_frees_the_old_one():
    make_customer("c1", email="old@example.com")
    upsert_customers([{"external_id": "c1", "email": "new@example.com"}], NOW)
    assert make_customer("c2", email="old@example.com").email_domain == "example.com"


def test_the_number_of_queries_does_not_grow():
    def queries(name, size):
        rows = [{"external_id": f"{name}{i}", "email": f"{name}{i}@example.com"} for i in range(size)]
        with CaptureQueriesContext(connection) as captured:
            upsert_customers(rows, NOW)
        return len(captured)

    assert queries("a", 2) == queries("b", 1000)


def test_a_customer_is_found_after_a_merge():
    kept = make_customer("kept")
    merged = make_customer("merged")
    Identifier.objects.filter(customer=merged).update(customer=kept)
    merged.delete()
    assert by_external_id("merged") == kept
    assert by_external_id("nobody") is None
    assert ensure_actors(["merged"], [], NOW)[0]["merged"].customer_id == kept.pk
    assert Customer.objects.count() == 1


def consent(customer, granted, at, source="form"):
    return ConsentRow(customer.pk, "email", granted, source, at)


def test_the_latest_word_counts_however_late_the_other_arrives():
    alice = make_customer("alice")
    record_consents([consent(alice, False, NOW)], NOW)
    record_consents([consent(alice, True, NOW - DAY)], NOW)
    state = Consent.objects.get()
    assert (state.granted, state.since) == (False, NOW)
    assert ConsentEvent.objects.count() == 2


def test_of_two_words_at_once_the_no_counts():
    alice = make_customer("alice")
    record_consents([consent(alice, True, NOW), consent(alice, False, NOW)], NOW)
    assert Consent.objects.get().granted is False
    record_consents([consent(alice, True, NOW, source="other")], NOW)
    assert Consent.objects.get().granted is False


def test_the_same_consent_again_is_not_doubled():
    alice = make_customer("alice")
    assert record_consents([consent(alice, True, NOW), consent(alice, True, NOW)], NOW) == 1
    assert record_consents([consent(alice, True, NOW)], NOW + DAY) == 0
    assert ConsentEvent.objects.count() == 1


def test_a_ban_is_lengthened_but_never_shortened():
    suppress("email", "h", Suppression.Reason.BOUNCED, NOW, until=NOW + DAY)
    suppress("email", "h", Suppression.Reason.UNSUBSCRIBED, NOW)
    suppress("email", "h", Suppression.Reason.BOUNCED, NOW, until=NOW + DAY)
    ban = Suppression.objects.get()
    assert (ban.until, ban.reason) == (None, "unsubscribed")
