"""A small shop whose customers differ in what an offer does with them."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.coupons import pools
from campaigns.targeting.making import create_plan
from profiles.models import CustomerProfile, CustomerScore
from segments.models import Segment, SegmentMembership
from tests.factories.coupons import PoolFactory
from tests.factories.delivery import make_customers
from tests.factories.promotions import PromotionFactory


@pytest.fixture
def now():
    """The present: a launch compares with it."""
    return datetime.now(UTC)


@pytest.fixture
def know(now):
    """Return a function that tells of a customer: chance to buy, to redeem, and the basket."""

    def tell(customer, *, buys, redeems, basket):
        CustomerProfile.objects.create(
            customer=customer, as_of=now, computed_at=now, orders=3, basket_value=basket, recency_days=10
        )
        CustomerScore.objects.bulk_create(
            CustomerScore(customer=customer, kind=kind, model_version="1", score=score, as_of=now)
            for kind, score in (("purchase", buys), ("redemption", redeems))
        )

    return tell


@pytest.fixture
def pool(now):
    """Return a function that makes a pool of codes for an amount."""

    def make(amount, codes=0, **benefit):
        benefit = benefit or {"kind": "amount", "amount": str(amount)}
        promotion = PromotionFactory(created_at=now, benefit=benefit)
        made = PoolFactory(created_at=now, promotion=promotion, name=f"{amount} off")
        if codes:
            pools.generate_codes(made, codes, now=now)
        return made

    return make


@pytest.fixture
def plan(now, pool):
    """Return a function that makes a plan of 2 and 5 off."""

    def make(values=None, **fields):
        fields = {"slug": "spring", "name": "Spring", "budget": "100", "margin_share": "0.3"} | fields
        return create_plan(
            values=values or [{"pool": pool(2)}, {"pool": pool(5)}], user=None, now=now, **fields
        )

    return make


@pytest.fixture
def crowd(now, know):
    """Two hundred: half buy anyway, half hardly ever; baskets of 20 to 119."""
    people = make_customers(200, now=now)
    for number, customer in enumerate(people):
        know(customer, buys=0.97 if number % 2 else 0.1, redeems=0.2, basket=20 + number % 100)
    return people


@pytest.fixture
def segment(now):
    """Return a function that makes a segment of customers."""

    def make(slug, customers):
        made = Segment.objects.create(slug=slug, name=slug.title(), created_at=now)
        SegmentMembership.objects.bulk_create(
            SegmentMembership(segment=made, customer=customer, entered_at=now - timedelta(days=1))
            for customer in customers
        )
        return made

    return make
