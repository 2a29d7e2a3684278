"""Past offers: what they took off, who got them, and how well redemption was foreseen."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.jobs import silent
from campaigns.targeting import judging
from campaigns.targeting.history import past_offers, people_of
from events.services import record
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fact(kind, customer, at, name, **properties):
    return {
        "source": "old", "message_id": name, "type": kind, "customer_id": customer.pk, "occurred_at": at,
        "properties": properties,
    }  # fmt: skip


def bought(customer, at, name, amount="10.00", **properties):
    return fact("purchase", customer, at, name, **properties) | {
        "order_id": name,
        "quantity": 1,
        "amount": Decimal(amount),
        "currency": "USD",
    }


def test_a_days_discount_is_shared_by_the_coupons_used(settings):
    ann, bob = make_customers(2, now=NOW)
    day = NOW - timedelta(days=10)
    until = (NOW - timedelta(days=5)).isoformat()
    record(
        [
            *(
                fact("coupon_assigned", who, day - timedelta(days=2), f"g{c}{n}", campaign=c, until=until)
                for c in ("7", "8")
                for n, who in enumerate((ann, bob))
            ),
            fact("coupon_redeemed", ann, day, "u1", campaign="7"),
            fact("coupon_redeemed", ann, day, "u2", campaign="7"),
            fact("coupon_redeemed", ann, day, "u3", campaign="8"),
            fact("coupon_redeemed", bob, day, "u4", campaign="8"),
            bought(ann, day + timedelta(hours=1), "o1", coupon_discount=2.0),
            bought(ann, day + timedelta(hours=2), "o2", coupon_discount=1.0),
            bought(ann, day + timedelta(days=1), "o3", coupon_discount=50.0),
            bought(bob, day, "o4", coupon_discount=0.5),
            bought(bob, day, "o5"),
        ],
        now=NOW,
    )
    assert [(p.campaign, p.redemptions, p.redeemers, p.discount) for p in past_offers()] == [
        ("7", 2, 1, Decimal("2.00")),
        ("8", 2, 2, Decimal("1.50")),
    ]
    assert [(g.customer_id, g.redemptions) for g in people_of("old", "7", most=9)] == [
        (ann.pk, 2),
        (bob.pk, 0),
    ]
    assert people_of("old", "7", most=1, skip=1)[0].customer_id == bob.pk
    assert people_of("old", "9", most=9) == []


def test_too_few_campaigns_are_not_judged(settings):
    settings.SHOP_AS_OF = ""
    assert judging.judge({"as_of": NOW.isoformat()}, NOW, silent) == {
        "cuts": [],
        "missing": "few",
        "campaigns": 0,
    }


def test_later_campaigns_are_foreseen_from_earlier_ones():
    """Eight campaigns a month apart; every third customer redeems nearly always, the others hardly ever."""
    people = make_customers(90, now=NOW)
    facts = []
    for campaign in range(8):
        start = NOW - timedelta(days=30 * (9 - campaign))
        until = (start + timedelta(days=20)).isoformat()
        for n, who in enumerate(people):
            name = f"{campaign}-{n}"
            facts.append(fact("coupon_assigned", who, start, f"g{name}", campaign=str(campaign), until=until))
            facts.append(bought(who, start + timedelta(days=3), f"b{name}"))
            if (n % 3 == 0) != ((n + campaign) % 10 == 0):
                facts.append(
                    fact(
                        "coupon_redeemed", who, start + timedelta(days=3), f"u{name}", campaign=str(campaign)
                    )
                )
    record(facts, now=NOW)
    found = judging.judge({"as_of": NOW.isoformat()}, NOW, silent)
    assert 1 <= len(found["cuts"]) <= 3
    for cut in found["cuts"]:
        assert cut["campaigns_before"] >= 3
        assert cut["campaigns_before"] + cut["campaigns_after"] == 8
        assert cut["auc"]["low"] > 0.6
        assert len(cut["bins"]) == 10
        assert (
            sum(one["customers"] for one in cut["bins"])
            == cut["examples_after"]
            == 90 * cut["campaigns_after"]
        )
