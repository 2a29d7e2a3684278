"""Plans that are changed, computed anew and thrown away; the likely range of what they bring."""

from decimal import Decimal

import numpy as np
import pytest
from django.core.exceptions import ValidationError

from accounts import jobs
from accounts.models import AuditEntry, Job
from campaigns.models import Campaign
from campaigns.targeting import making
from campaigns.targeting.errors import PlanNotReady
from campaigns.targeting.expectations import expect
from campaigns.targeting.launching import begin
from campaigns.targeting.models import OfferPlan, PlannedOffer
from campaigns.targeting.planning import compute
from profiles.models import CustomerScore

pytestmark = pytest.mark.django_db


def test_a_change_is_told_to_the_audit_log(plan, now):
    made = plan()
    changed = making.change_plan(made, {"budget": Decimal(250), "slug": "other"}, user=None, now=now)
    assert (changed.budget, changed.slug) == (Decimal(250), "spring")
    [entry] = AuditEntry.objects.filter(action="change_offer_plan")
    assert (entry.before["budget"], entry.after["budget"]) == ("100.00", "250")
    with pytest.raises(ValidationError):
        making.change_plan(made, {"margin_share": Decimal(2)}, user=None, now=now)
    making.change_plan(made, {"budget": Decimal(250)}, user=None, now=now)


def test_who_is_left_alone_stays_so_after_a_change(crowd, plan, now):
    made = plan(holdout_share="0.2")
    compute(made, as_of=now, now=now)
    before = set(made.offers.filter(held_out=True).values_list("customer", flat=True))
    making.change_plan(made, {"budget": Decimal(10), "name": "Renamed"}, user=None, now=now)
    compute(made, as_of=now, now=now)
    assert set(made.offers.filter(held_out=True).values_list("customer", flat=True)) == before != set()


def test_a_plan_on_its_way_is_neither_changed_nor_thrown_away(plan, now):
    made = plan()
    begin(made, now)
    for act in (
        lambda: making.change_plan(made, {"name": "x"}, user=None, now=now),
        lambda: making.discard_plan(made, user=None, now=now),
        lambda: making.begin_computing(made, now=now),
    ):
        with pytest.raises(PlanNotReady, match="on its way"):
            act()
    made.refresh_from_db()
    assert (made.name, Job.objects.count()) == ("Spring", 0)


def test_a_plan_goes_with_whom_it_chose_unless_a_campaign_uses_it(crowd, plan, now):
    made = plan()
    compute(made, as_of=now, now=now)
    campaign = Campaign.objects.create(slug="c", name="C", kind="coupon", plan=made, created_at=now)
    with pytest.raises(PlanNotReady, match="campaign"):
        making.discard_plan(made, user=None, now=now)
    campaign.delete()
    making.discard_plan(made, user=None, now=now)
    assert not OfferPlan.objects.exists()
    assert not PlannedOffer.objects.exists()


def test_the_job_computes_it(crowd, plan, now, settings):
    settings.SHOP_AS_OF = now.isoformat()
    made = plan()
    job = making.begin_computing(made, now=now)
    jobs.run(job)
    job.refresh_from_db()
    made.refresh_from_db()
    assert job.state == Job.State.DONE
    assert made.summary["offers"] == job.result["offers"] > 0


def test_the_range_is_of_chance_and_of_the_scores():
    # One person, one value of 2 on a basket of 40 at 30 %: margin 12; redeems with .5, never buys else.
    asked = {
        "buys": np.zeros(1), "baskets": np.array([40.0]), "discount": np.array([[2.0]]),
        "margin_share": 0.3, "response": 0.8,
    }  # fmt: skip
    middle, low, high = (expect(redeems=np.array([r]), **asked) for r in (0.5, 0.4, 0.7))
    cells = (np.array([0]), np.array([0]))
    found = middle.ranges(cells, np.array([12.0]), low, high)
    # Gain 5: chance √(.5·100 - 25) · 1.96 = 9.8, scores 4 to 7. Cost 1: chance 1.96, scores .8 to 1.4.
    assert found["gain"] == [round(5 - (1**2 + 9.8**2) ** 0.5, 2), round(5 + (2**2 + 9.8**2) ** 0.5, 2)]
    assert found["cost"] == [0.0, round(1 + (0.4**2 + 1.96**2) ** 0.5, 2)]


def test_a_summary_tells_its_range(crowd, plan, now):
    CustomerScore.objects.filter(kind="redemption").update(low=0.15, high=0.3)
    found = compute(plan(), as_of=now, now=now)
    for name in ("gain", "cost"):
        low, high = found["range"][name]
        assert low < float(found[name]) < high


def test_short_names_are_free(plan):
    plan(slug="spring-sale")
    assert making.free_slug("Spring sale") == "spring-sale-2"
    assert making.free_slug("优惠") == "plan"
