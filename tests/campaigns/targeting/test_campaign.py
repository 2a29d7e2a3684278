"""A plan from its computation to mails, codes and what came of it."""

from collections import Counter
from datetime import timedelta

import pytest

from campaigns import actions
from campaigns import selectors as campaigns
from campaigns.coupons.models import Coupon
from campaigns.errors import CampaignNotReady
from campaigns.targeting import effects, selectors
from campaigns.targeting.evidence import trial
from campaigns.targeting.planning import compute
from core import clock
from delivery.models import Message
from delivery.outbox.send import deliver
from events.services import record
from tests.campaigns.actions.conftest import member, postbox  # noqa: F401
from tests.factories.campaigns import starter

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaign(now):
    def make(plan, **fields):
        fields = {"slug": "planned", "name": "Planned", "kind": "coupon"} | fields
        return actions.create_campaign(
            content=starter("coupon", now=now), plan=plan, user=None, now=now, **fields
        )

    return make


def test_everybody_gets_a_code_of_the_pool_that_was_planned(
    crowd,
    plan,
    pool,
    campaign,
    now,
    postbox,  # noqa: F811
    member,  # noqa: F811
):
    made = plan([{"pool": pool(2, codes=200)}, {"pool": pool(5, codes=200)}], holdout_share="0.2")
    summary = compute(made, as_of=now, now=now)
    assert all(value["offers"] for value in summary["values"])
    launched = actions.launch_campaign(campaign(made), user=member("marketer"), now=now)
    run = campaigns.run_of(launched)
    deliver(run.pk, clock=clock.now)
    states = Counter(Message.objects.filter(run=run).values_list("state", flat=True))
    assert states == {"sent": summary["offers"], "held_out": summary["held_out"]}
    assert len(postbox.mails) == summary["offers"]
    planned = {
        row.customer_id: (None if row.held_out else row.value.pool_id)
        for row in selectors.offers(made).exclude(value=None)
    }
    held = dict(Coupon.objects.exclude(customer=None).values_list("customer_id", "pool_id"))
    assert held == {customer: pool_id for customer, pool_id in planned.items() if pool_id}
    made.refresh_from_db()
    assert made.launched_at == now


def test_what_came_of_it_is_compared_with_those_left_alone(crowd, plan, pool, campaign, now):
    made = plan([{"pool": pool(2, codes=200)}], holdout_share="0.3")
    compute(made, as_of=now, now=now)
    assert effects.effect(made, now=now) is None
    actions.launch_campaign(campaign(made), user=None, now=now)
    made.refresh_from_db()
    offered = list(made.offers.exclude(value=None).filter(held_out=False).order_by("pk"))
    left = list(made.offers.exclude(value=None).filter(held_out=True).order_by("pk"))
    buyers = [*offered[:10], left[0]]
    record(
        [
            {
                "source": "till", "message_id": f"o{row.pk}", "type": "purchase", "order_id": f"o{row.pk}",
                "customer_id": row.customer_id, "occurred_at": now + timedelta(hours=1), "quantity": 1,
                "amount": "48.00", "discount": "2.00" if not row.held_out else "0", "currency": "USD",
            }
            for row in buyers
        ],
        now=now,
    )  # fmt: skip
    found = effects.effect(made, now=now + timedelta(days=2))
    assert (found.offered, found.held_out) == (len(offered), len(left))
    assert found.offered_rate == pytest.approx(10 / len(offered))
    assert found.held_out_rate == pytest.approx(1 / len(left))
    assert found.low < found.difference < found.high
    assert found.margin == pytest.approx(10 * (0.3 * 50 - 2) / len(offered))
    assert found.margin_held_out == pytest.approx(0.3 * 48 / len(left))
    assert not found.complete
    assert len(trial(now + timedelta(days=27)).came) == 0, "its window is open"
    rows = trial(now + timedelta(days=29))
    assert (len(rows.came), rows.came.sum(), rows.treated.sum()) == (
        len(offered) + len(left),
        11,
        len(offered),
    )


def test_what_is_not_in_order_is_said_and_nothing_is_sent(crowd, plan, pool, campaign, now):
    made = plan([{"pool": pool(2, codes=1)}])
    draft = campaign(made)
    with pytest.raises(CampaignNotReady, match="not computed"):
        actions.launch_campaign(draft, user=None, now=now)
    compute(made, as_of=now, now=now)
    with pytest.raises(CampaignNotReady, match="codes of “2 off”, which has 1"):
        actions.launch_campaign(draft, user=None, now=now)
    made.refresh_from_db()
    assert (Message.objects.count(), made.launched_at) == (0, None)


def test_a_preview_shows_the_planned_value_and_burns_nothing(crowd, plan, pool, campaign, now):
    made = plan([{"pool": pool(2, codes=200)}, {"pool": pool(5, codes=200)}])
    compute(made, as_of=now, now=now)
    made.refresh_from_db()
    shown = actions.preview_campaign(campaign(made), user=None, now=now)
    assert shown.problems == []
    assert shown.reach.audience == made.offers.exclude(value=None).count()
    assert not Coupon.objects.exclude(customer=None).exists()
