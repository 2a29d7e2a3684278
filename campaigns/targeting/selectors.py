"""What may be read of plans of offers."""

from collections.abc import Iterable

from django.db.models import Count, QuerySet

from campaigns.coupons.models import CouponPool
from campaigns.targeting.models import OfferPlan, PlannedOffer

Why = PlannedOffer.Why


def offers(plan: OfferPlan) -> QuerySet[PlannedOffer]:
    """Return everybody of a plan with their value."""
    return PlannedOffer.objects.filter(plan=plan).select_related("customer", "value__pool")


def pools_of(customer_ids: Iterable[int], plan: OfferPlan) -> dict[int, CouponPool]:
    """Return the pool that each customer's value comes from; who has no value is absent. One query."""
    rows = PlannedOffer.objects.filter(plan=plan, customer_id__in=list(customer_ids), value__isnull=False)
    return {
        row.customer_id: row.value.pool
        for row in rows.select_related("value__pool__promotion")
        if row.value is not None
    }


def needed(plan: OfferPlan) -> dict[CouponPool, int]:
    """Return how many codes the plan needs of each pool."""
    rows = PlannedOffer.objects.filter(plan=plan, value__isnull=False, held_out=False)
    counts = dict(rows.values_list("value").annotate(n=Count("pk")))
    return {value.pool: counts.get(value.pk, 0) for value in plan.values.select_related("pool__promotion")}
