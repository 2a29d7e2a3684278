"""Estimates: exact for small tables, the planner's for large ones, partitioned or not."""

import pytest
from django.db import connection

from core import estimates
from core.estimates import estimated_count
from customers.models import Customer
from tests.factories.accounts import NOW


@pytest.fixture
def people(db):
    Customer.objects.bulk_create(
        Customer(external_id=f"c{n}", created_at=NOW, updated_at=NOW) for n in range(120)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer")


def test_a_small_table_is_counted(people):
    Customer.objects.filter(external_id="c1").delete()
    assert estimated_count(Customer) == 119


def test_a_large_plain_table_is_estimated_without_reading_it(people, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(estimates, "EXACT_BELOW", 100)
    Customer.objects.filter(external_id="c1").delete()
    with django_assert_num_queries(1):
        assert estimated_count(Customer) == 120  # as the planner last saw it
