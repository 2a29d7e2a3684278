"""Customers as tests need them."""

from datetime import UTC, datetime
from typing import Any

import factory

from customers.models import Customer
from customers.services import upsert_customers

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_customer(external_id: str, *, now: datetime = NOW, **fields: Any) -> Customer:
    """Store a customer through the service, with its identifiers."""
    result = upsert_customers([{"external_id": external_id, **fields}], now)
    assert not result.rejected, result.rejected
    return Customer.objects.get(pk=result.ids[external_id])


class CustomerFactory(factory.django.DjangoModelFactory):
    """A bare customer row without identifiers."""

    class Meta:
        model = Customer

    external_id = factory.Sequence(lambda n: f"customer-{n}")
    created_at = factory.LazyFunction(lambda: NOW)
    updated_at = factory.SelfAttribute("created_at")
