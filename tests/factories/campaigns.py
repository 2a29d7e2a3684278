"""What a campaign needs: people, products with lists by strategy, templates, a test with two arms."""

from datetime import datetime

from campaigns.content.models import TemplateVersion
from campaigns.content.starters import ensure_starter_templates
from campaigns.experiments.models import Experiment
from campaigns.experiments.services import create_experiment
from catalog.models import Product
from customers.models import Customer
from recommendations.models import Champion, ModelVersion, RecommendationList, Strategy


def make_products(count: int, *, now: datetime) -> list[Product]:
    """Store products P0, P1, … at 1.50, 2.50, … dollars."""
    return Product.objects.bulk_create(
        Product(
            sku=f"P{n}",
            name=f"Product {n}",
            price=f"{n + 1}.50",
            currency="USD",
            created_at=now,
            updated_at=now,
        )
        for n in range(count)
    )


def make_lists(
    key: str, products: list[Product], customers: list[Customer], *, now: datetime, champion: bool = False
) -> Strategy:
    """Store a strategy whose list for every customer is these products in this order."""
    strategy = Strategy.objects.create(key=key, name=key, family=key, created_at=now)
    version = ModelVersion.objects.create(
        strategy=strategy, as_of=now, code_version="1", artifact="none", checksum="", created_at=now
    )
    RecommendationList.objects.bulk_create(
        RecommendationList(
            model_version=version,
            customer=customer,
            objective="replenish",
            product_ids=[product.pk for product in products],
            scores=[1.0 / (n + 1) for n in range(len(products))],
            reasons=["popularity"] * len(products),
        )
        for customer in customers
    )
    if champion:
        Champion.objects.create(use="email:replenish", strategy=strategy, since=now)
    return strategy


def make_test(*, now: datetime, holdout: float = 0.0) -> Experiment:
    """Store a test of popularity against hybrid."""
    return create_experiment(
        key="lists",
        name="Lists",
        salt="salt",
        variants=[
            {"key": "control", "name": "Popular", "levers": {"strategy": "popularity"}, "is_control": True},
            {
                "key": "challenger",
                "name": "Hybrid",
                "levers": {"strategy": "hybrid", "subject": "For {{ customer.first_name | default: 'you' }}"},
            },
        ],
        holdout_share=holdout,
        window_days=28,
        now=now,
    )


def starter(key: str, *, now: datetime) -> TemplateVersion:
    """Return a starter template's version."""
    return ensure_starter_templates(now)[key]
