"""Pools and codes for tests. Time is passed in."""

import factory

from campaigns.coupons.codes import new_code
from campaigns.coupons.models import Coupon, CouponPool
from tests.factories.promotions import PromotionFactory


class PoolFactory(factory.django.DjangoModelFactory):
    """A pool. Pass `created_at`, which its promotion takes over."""

    class Meta:
        model = CouponPool

    name = factory.Sequence(lambda n: f"Pool {n}")
    promotion = factory.SubFactory(PromotionFactory, created_at=factory.SelfAttribute("..created_at"))


class CouponFactory(factory.django.DjangoModelFactory):
    """A free code for one use. Pass `created_at`."""

    class Meta:
        model = Coupon

    pool = factory.SubFactory(PoolFactory, created_at=factory.SelfAttribute("..created_at"))
    code = factory.LazyFunction(new_code)
