"""Products as tests need them."""

from datetime import UTC, datetime
from decimal import Decimal

import factory

from catalog.models import Product

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class ProductFactory(factory.django.DjangoModelFactory):
    """A product with a price."""

    class Meta:
        model = Product

    sku = factory.Sequence(lambda n: f"sku-{n}")
    name = factory.LazyAttribute(lambda product: f"Product {product.sku}")
    price = Decimal("9.99")
    currency = "USD"
    created_at = factory.LazyFunction(lambda: NOW)
    updated_at = factory.SelfAttribute("created_at")
