"""A plan's launch, apart from its computation: who sends need not load the models."""

from datetime import datetime

from campaigns.targeting.models import OfferPlan


def begin(plan: OfferPlan, at: datetime) -> None:
    """Freeze a plan: its people are written to from this moment of the shop on, its window begins."""
    OfferPlan.objects.filter(pk=plan.pk, launched_at=None).update(launched_at=at)
