"""A shop of sixty people who buy every week or every sixth, for eight months before NOW."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from campaigns.actions import create_campaign
from campaigns.content.starters import ensure_starter_templates
from campaigns.models import Campaign
from catalog.services import upsert_products
from core.money import Money
from customers.consent import ConsentRow
from customers.models import Channel, Customer
from customers.services import record_consents, upsert_customers
from events.services import record
from segments.models import Segment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE, WEEKS = 60, 34


def bought(customer_id: int, at: datetime, *, amount: str = "10.00", order: str = "") -> dict:
    """Return one order of one line."""
    order = order or f"o{customer_id}-{at:%Y%m%d%H}"
    return {
        "source": "shop", "message_id": f"{order}-1", "type": "purchase", "customer_id": customer_id,
        "order_id": order, "quantity": 1, "amount": Decimal(amount), "currency": "USD", "occurred_at": at,
    }  # fmt: skip


def orders_of_the_shop(ids: list[int]) -> list[dict]:
    """Return weekly orders of two of three people, and one in six weeks of the others."""
    return [
        bought(pk, NOW - timedelta(days=7 * week + number % 5 + 1), amount=f"{10 + number % 7}.00")
        for number, pk in enumerate(ids)
        for week in range(WEEKS)
        if number % 3 or not (week + number) % 6
    ]


@pytest.fixture(scope="module")
def shop(module_db) -> list[int]:
    """Store the shop; everybody is known from before its first order, and half agreed to e-mails."""
    begun = NOW - timedelta(days=7 * WEEKS + 10)
    upsert_products([{"sku": "tea", "name": "Tea", "price": Money(Decimal("4.50"), "USD")}], begun)
    made = upsert_customers(
        [{"external_id": f"c{n}", "email": f"c{n}@demo.invalid"} for n in range(PEOPLE)], begun
    )
    ids = list(made.ids.values())
    record_consents(
        [
            ConsentRow(customer_id=pk, channel=Channel.EMAIL, granted=True, source="test", occurred_at=begun)
            for pk in ids[::2]
        ],
        begun,
    )
    record(orders_of_the_shop(ids), NOW)
    ensure_starter_templates(NOW)
    return ids


@pytest.fixture
def people(shop, db) -> list[int]:
    """Return the ids of the shop's people; what a test does to them goes with it."""
    return shop


@pytest.fixture
def loyal(people) -> Segment:
    """Return the segment of those with three orders in 28 days."""
    rule = {"event": "purchase", "orders": {"gte": 3}, "within_days": 28}
    return Segment.objects.create(slug="often", name="Often", rule=rule, created_at=NOW)


@pytest.fixture
def rich(people) -> Segment:
    """Return a segment by the profile: what somebody spent, how often, and the lifecycle."""
    rule = {
        "all": [
            {"field": "profile.orders", "op": "gte", "value": 10},
            {"field": "profile.lifecycle", "op": "eq", "value": "active"},
        ]
    }
    return Segment.objects.create(slug="steady", name="Steady", rule=rule, created_at=NOW)


def mailing(segment: Segment | None, **more) -> Campaign:
    """Return a draft that writes to a segment."""
    return create_campaign(
        user=None, now=NOW, name="Plan", slug="plan", kind=Campaign.Kind.EMAIL, segment=segment,
        content=ensure_starter_templates(NOW)["recommendations"], **more,
    )  # fmt: skip


def known() -> set[int]:
    """Return the ids of all customers that the connection shows."""
    return set(Customer.objects.values_list("pk", flat=True))
