"""A small shop whose truth is planted: everybody has habits that best-sellers do not serve."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from catalog.models import Product
from customers.models import Consent, Customer
from events.models import Event, EventType
from recommendations.services.training import train_models

CUT = datetime(2024, 3, 4, tzinfo=UTC)
WEEKS_BEFORE = 12
CUSTOMERS = 80
HITS = 12
HABITS = 60


def trained_once(*keys: str) -> Any:
    """Return a fixture: the shop, with these strategies trained once for a module; the folder of the models.

    What each test changes is taken back.
    """

    @pytest.fixture(scope="module")
    def trained(module_db, tmp_path_factory):
        folder = tmp_path_factory.mktemp("artifacts")
        with override_settings(ARTIFACTS=folder):
            plant()
            train_models(as_of=CUT, now=CUT, keys=list(keys))
        return folder

    return trained


def plant() -> list[Customer]:
    """Create 80 customers who buy their own three products every week, before and after the cut.

    Every customer also bought each of the twelve hits once, long ago, so the hits lead the best-seller
    list although nobody buys them again.
    """
    Customer.objects.bulk_create(
        Customer(external_id=f"c{number}", created_at=CUT, updated_at=CUT) for number in range(CUSTOMERS)
    )
    Product.objects.bulk_create(
        Product(sku=sku, name=sku.title(), price=1, currency="USD", created_at=CUT, updated_at=CUT)
        for sku in [*(f"hit-{n}" for n in range(HITS)), *(f"habit-{n}" for n in range(HABITS))]
    )
    customers = list(Customer.objects.order_by("id"))
    Consent.objects.bulk_create(
        Consent(customer=customer, channel="email", topic="marketing", granted=True, since=CUT)
        for customer in customers
    )
    hits = list(Product.objects.filter(sku__startswith="hit-").order_by("id"))
    habits = list(Product.objects.filter(sku__startswith="habit-").order_by("id"))
    facts = []
    for number, customer in enumerate(customers):
        own = [habits[(number * 3 + step) % HABITS] for step in range(3)]
        first = CUT - timedelta(weeks=WEEKS_BEFORE)
        facts += [(customer, hit, first, f"first-{number}") for hit in hits]
        # Four weeks after the cut are what the recommenders are judged by; a fifth shows that time goes on.
        for week in range(-WEEKS_BEFORE + 1, 6):
            at = CUT + timedelta(weeks=week, hours=1 + number % 12)
            facts += [(customer, product, at, f"order-{number}-{week}") for product in own]
    Event.objects.bulk_create(
        Event(
            source="till",
            message_id=f"m{position}",
            type=EventType.PURCHASE,
            customer=customer,
            product=product,
            order_id=order,
            quantity=1,
            amount=1,
            occurred_at=at,
            received_at=at,
        )
        for position, (customer, product, at, order) in enumerate(facts)
    )
    return customers
