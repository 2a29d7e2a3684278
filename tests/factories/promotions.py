"""Promotions for tests. Time is passed in."""

import factory

from campaigns.promotions.models import Promotion


class PromotionFactory(factory.django.DjangoModelFactory):
    """Ten per cent on everything, with a code, in dollars. Pass `created_at`."""

    class Meta:
        model = Promotion

    slug = factory.Sequence(lambda n: f"promotion-{n}")
    name = factory.LazyAttribute(lambda o: o.slug.replace("-", " ").title())
    benefit = factory.LazyFunction(lambda: {"kind": "percent", "percent": "10"})
    conditions = factory.LazyFunction(list)
    needs_code = True
    currency = "USD"
