"""Whom references mean, one by one and with rivals."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.encryption import keyed_hash
from customers.identity import Reference, join_visitors, resolve_actors, resolve_people
from customers.models import Customer, HouseholdMember, Identifier, MergeProposal
from customers.services import upsert_customers
from tests.factories.customers import make_customer
from tests.patience import PATIENCE

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EMAIL = Reference("email", "ada@example.com")


@pytest.mark.django_db
def test_an_address_finds_its_customer_and_makes_nobody():
    ada = make_customer("ada", email="ada@example.com")
    (actor,) = resolve_actors([EMAIL], NOW, create=True)
    assert actor.customer_id == ada.pk
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_unknown_ones_are_nobody_unless_they_are_to_be_made():
    assert resolve_actors([EMAIL, Reference("external_id", "x")], NOW, create=False) == [None, None]
    assert not Identifier.objects.exists()


@pytest.mark.django_db
def test_a_person_known_by_an_address_only_can_be_written_to_and_is_completed_later():
    first, again = resolve_actors([EMAIL, EMAIL], NOW, create=True)
    assert first == again
    stub = Customer.objects.get()
    assert (stub.email, stub.email_domain, stub.is_stub, stub.own_id) == (
        "ada@example.com", "example.com", True, False,
    )  # fmt: skip
    assert set(stub.identifiers.values_list("kind", flat=True)) == {"email", "external_id"}


@pytest.mark.django_db
def test_visitors_and_households_are_nobody():
    actors = resolve_actors([Reference("anonymous", "v"), Reference("household", "h")], NOW, create=True)
    assert [a.customer_id for a in actors] == [None, None]
    assert not Customer.objects.exists()


@pytest.mark.django_db
def test_the_strongest_identifier_says_who_it_is_and_the_others_follow():
    person = [Reference("phone", "+4930123456"), EMAIL, Reference("external_id", "ada")]
    (actor,) = resolve_people([person], NOW, create=True)
    ada = Customer.objects.get()
    assert (actor.customer_id, ada.external_id) == (ada.pk, "ada")
    assert (ada.email, ada.phone, ada.email_domain) == ("ada@example.com", "+4930123456", "example.com")
    assert {a.customer_id for a in resolve_actors(person, NOW, create=False)} == {ada.pk}


@pytest.mark.django_db
def test_somebody_elses_address_stays_there_and_a_merge_is_proposed_once():
    bob = make_customer("bob", email="ada@example.com")
    ada = make_customer("ada")
    for _ in range(2):
        (actor,) = resolve_people([[Reference("external_id", "ada"), EMAIL]], NOW, create=True)
    assert actor.customer_id == ada.pk
    assert resolve_actors([EMAIL], NOW, create=True)[0].customer_id == bob.pk
    proposal = MergeProposal.objects.get()
    assert {proposal.first_id, proposal.second_id, proposal.kind} == {bob.pk, ada.pk, "email"}
    assert Customer.objects.get(pk=ada.pk).email is None


@pytest.mark.django_db
def test_people_of_one_household_and_one_device_stay_apart():
    shared = [Reference("household", "h1"), Reference("device", "tv")]
    resolve_people([[Reference("external_id", n), *shared] for n in ("ada", "bob")], NOW, create=True)
    assert Customer.objects.count() == HouseholdMember.objects.count() == 2
    assert Identifier.objects.get(kind="household").customer_id is None
    assert Identifier.objects.filter(kind="device").count() == 1
    assert not MergeProposal.objects.exists()


@pytest.mark.django_db
def test_a_visitor_joins_whom_they_sign_in_as_first():
    ada, bob = make_customer("ada"), make_customer("bob")
    resolve_actors([Reference("anonymous", "v1")], NOW, create=True)
    assert join_visitors([("v1", ada.pk), ("v2", ada.pk)], NOW + DAY) == 2
    assert join_visitors([("v1", bob.pk), ("v2", ada.pk)], NOW + 2 * DAY) == 0
    v1, v2 = Identifier.objects.filter(kind="anonymous").order_by("created_at")
    assert (v1.customer_id, v1.created_at, v1.joined_at) == (ada.pk, NOW, NOW + DAY)
    assert (v2.customer_id, v2.created_at) == (ada.pk, NOW + DAY)


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow():
    def queries(name, size):
        people = [
            [Reference("external_id", f"{name}{i}"), Reference("email", f"{name}{i}@example.com"),
             Reference("anonymous", f"{name}{i}")]
            for i in range(size)
        ]  # fmt: skip
        with CaptureQueriesContext(connection) as captured:
            resolve_people(people, NOW, create=True)
        return len(captured)

    assert queries("a", 2) == queries("b", 500)


@pytest.mark.django_db(transaction=True)
def test_fifty_calls_for_one_new_address_make_one_customer():
    gate = Barrier(25)
    hashed = keyed_hash("email", EMAIL.value)

    def call(n):
        try:
            gate.wait(timeout=PATIENCE)
            with transaction.atomic():
                return resolve_people([[EMAIL, Reference("device", f"d{n % 3}")]], NOW, create=True)[0]
        finally:
            connection.close()

    def record(n):
        try:
            gate.wait(timeout=PATIENCE)
            return upsert_customers([{"external_id": "ada", "email": "ada@example.com"}], NOW).rejected
        finally:
            connection.close()

    with ThreadPoolExecutor(25) as pool:
        runs = [pool.submit(call if n % 5 else record, n) for n in range(50)]
        results = [run.result(timeout=PATIENCE) for run in runs]
    assert [r for r in results if isinstance(r, dict) and r] == []
    customer = Customer.objects.get()
    assert (customer.external_id, customer.own_id, customer.is_stub) == ("ada", True, False)
    assert Identifier.objects.get(value_hash=hashed).customer_id == customer.pk
    assert Identifier.objects.filter(customer=None).count() == 0
