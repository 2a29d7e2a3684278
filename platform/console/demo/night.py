"""The night after the window: what beat does every night, once, so that every page has something on it."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings

from accounts.models import User
from campaigns.coupons.models import CouponPool
from campaigns.reports.keeping import count_due
from campaigns.targeting.making import begin_computing, create_plan
from campaigns.targeting.models import OfferPlan
from campaigns.tuning.steps import tune_all
from console.demo import story
from console.demo.steps import Say, follow, learn
from core import clock

#: The jobs that beat runs at night, in its order; the forecast of demand is `console.demo.demand`'s.
JOBS = ("profile", "score", "study", "segments", "review-lists")


def live_a_night(say: Say, user: User, since: datetime, pools: list[CouponPool]) -> None:
    """Bring the shop to its present: what was known as of the launch has done its part.

    Each job runs once after the data of `since`. Then campaigns are counted, measurements decide, and a plan
    of offers is drawn up from the new scores.
    """
    for kind in JOBS:
        learn(kind, say, user, since, story.PRESENT)
    count_due(now=clock.now())
    tune_all(now=clock.now())
    _plan_offers(pools, say, user)


def _plan_offers(pools: list[CouponPool], say: Say, user: User) -> None:
    """Store and compute a plan of who gets how much, once. Nothing is given out."""
    now = clock.now()
    plan = OfferPlan.objects.filter(slug=story.PLAN).first() or create_plan(
        slug=story.PLAN,
        name=story.PLAN_NAME,
        budget=story.PLAN_BUDGET,
        margin_share=Decimal(str(settings.MARGIN_SHARE)),
        values=[{"pool": pool} for pool in pools],
        user=user,
        now=now,
    )
    if plan.computed_at is None:
        follow(begin_computing(plan, now=now, user=user), say)
