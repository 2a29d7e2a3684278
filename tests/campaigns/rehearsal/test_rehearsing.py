"""What a rehearsal finds, exactly; that it never sees the future; that it repeats bit for bit."""

from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from campaigns.coupons import pools
from campaigns.models import Campaign
from campaigns.rehearsal import asking
from campaigns.rehearsal.models import Rehearsal
from campaigns.rehearsal.services import rehearse
from customers.consent import ConsentRow
from customers.models import Channel, Suppression
from customers.services import record_consents, upsert_customers
from events.models import Event
from events.services import record
from segments.models import Segment
from segments.refresh import refresh_segment
from tests.campaigns.rehearsal.conftest import NOW, PEOPLE, bought, mailing
from tests.factories.coupons import PoolFactory
from tests.factories.promotions import PromotionFactory

DATES = [NOW - timedelta(days=28 * k) for k in range(1, 7)]


def figure(kept: Rehearsal, key: str) -> dict:
    return next(f for f in kept.figures["expected"] if f["key"] == key)


def test_dates_end_where_their_windows_are_over(loyal):
    assert asking.dates_of(mailing(loyal), as_of=NOW) == DATES


def test_dates_need_history_before_them(people):
    campaign = mailing(None)
    assert asking.dates_of(campaign, as_of=NOW - timedelta(days=160)) == [NOW - timedelta(days=188)]
    assert asking.dates_of(campaign, as_of=NOW - timedelta(days=200)) == []


def test_counts_who_and_why_not_and_what_they_bought(people, loyal):
    kept = rehearse(mailing(loyal), as_of=NOW, now=NOW)
    first = kept.figures["dates"][0]
    at = DATES[0]
    four_weeks = Event.objects.filter(
        type="purchase", occurred_at__gte=at - timedelta(days=28), occurred_at__lt=at
    )
    members = {
        pk for pk in people if four_weeks.filter(customer_id=pk).values("order_id").distinct().count() >= 3
    }
    reached = members & set(people[::2])
    after = Event.objects.filter(
        type="purchase", customer_id__in=reached, occurred_at__gte=at, occurred_at__lt=NOW
    )
    assert first["audience"] == len(members)
    assert first["dropped"] == {"no_consent": len(members - reached)}
    assert first["people"] == len(reached) > 10
    assert first["buyers"] == after.values("customer_id").distinct().count()
    assert first["orders"] == after.count()
    assert first["revenue"] == f"{sum(e.amount for e in after):.2f}"
    assert [d["at"] for d in kept.figures["dates"]] == [d.isoformat() for d in DATES]


def test_says_what_each_figure_rests_on(people, loyal):
    refresh_segment(loyal, as_of=NOW, now=NOW)
    kept = rehearse(mailing(loyal), as_of=NOW, now=NOW)
    marks = {f["key"]: f["mark"] for f in kept.figures["expected"]}
    assert marks == {
        "people": "measured", "buyers_anyway": "measured", "revenue_anyway": "measured",
        "list_hits": "unknown", "opened": "assumed", "clicked": "assumed", "unsubscribed": "assumed",
        "extra_buyers": "unknown", "extra_revenue": "unknown", "sending_cost": "unknown",
        "extra_margin": "unknown",
    }  # fmt: skip
    assert figure(kept, "extra_revenue")["why"] == "holdouts"
    assert figure(kept, "opened")["share"]["value"] == pytest.approx(0.25)
    assert figure(kept, "people")["value"] == kept.figures["dates"][0]["people"] == 20
    for found in kept.figures["expected"]:
        if found["value"] is not None:
            assert found["low"] <= found["value"] <= found["high"]


def test_never_sees_the_future(people, loyal, rich):
    """Facts from the moment on, of every kind that is read, change nothing; other ones neither."""
    at = NOW - timedelta(days=28)
    for segment in (loyal, rich):
        campaign = mailing(segment)
        before = rehearse(campaign, as_of=at, now=NOW)
        plant(people, at)
        planted = rehearse(campaign, as_of=at, now=NOW)
        plant(people, at + timedelta(days=3))
        assert before.figures["dates"][0]["people"] > 0
        assert planted.figures["dates"] == before.figures["dates"]
        assert rehearse(campaign, as_of=at, now=NOW).figures["dates"] == before.figures["dates"]
        measured = ("buyers_anyway", "revenue_anyway")
        assert [figure(planted, key)["share"] for key in measured] == [
            figure(before, key)["share"] for key in measured
        ]
        Event.objects.filter(message_id__startswith="planted").delete()
        Suppression.objects.all().delete()
        campaign.delete()


def test_a_date_is_blind_to_what_came_after_it(people, loyal):
    """Who is in on a date depends on nothing later, even if the rehearsal knows it: only what they bought."""
    campaign = mailing(loyal)
    before = rehearse(campaign, as_of=NOW, now=NOW)
    plant(people, DATES[0] + timedelta(days=1))
    after = rehearse(campaign, as_of=NOW, now=NOW)
    who = ("at", "audience", "dropped", "people")
    pairs = list(zip(before.figures["dates"], after.figures["dates"], strict=True))
    assert [[d[k] for k in who] for d, _ in pairs] == [[d[k] for k in who] for _, d in pairs]
    assert after.figures["dates"][0]["orders"] > before.figures["dates"][0]["orders"]
    assert after.figures["dates"][1:] == before.figures["dates"][1:]


def plant(people: list[int], at) -> None:
    """Let everything happen to everybody that would change who is in, who is refused and what is bought."""
    moment = at + timedelta(hours=1)
    stranger = upsert_customers([{"external_id": f"stranger-{at:%d%H}"}], moment).ids.popitem()[1]
    rows = []
    for pk in [*people, stranger]:
        order = f"planted-{pk}-{at:%d}"
        rows += [
            bought(pk, moment + timedelta(hours=k), amount="999.00", order=f"{order}-{k}") for k in range(4)
        ]
        rows.append(
            {
                "source": "shop", "message_id": f"planted-{pk}-{at:%d}-x", "type": "cancel",
                "customer_id": pk, "order_id": "of-another-shop", "occurred_at": moment,
            }
        )  # fmt: skip
    record(rows, moment)
    consents = [
        ConsentRow(
            customer_id=pk, channel=Channel.EMAIL, granted=bool(n % 2), source="test", occurred_at=moment
        )
        for n, pk in enumerate(people)
    ]
    record_consents(consents, moment)
    for number in range(3):
        Suppression.objects.create(
            channel="email", address_hash=f"{at:%d}{number}" * 8, reason="bounced", created_at=moment
        )


def test_repeats_bit_for_bit(people, rich):
    campaign = mailing(rich)
    first, second = (rehearse(campaign, as_of=NOW, now=NOW + timedelta(hours=k)) for k in range(2))
    assert (first.inputs, first.figures, first.digest) == (second.inputs, second.figures, second.digest)
    campaign.goal_days = 14
    campaign.save()
    other = rehearse(campaign, as_of=NOW, now=NOW)
    assert other.digest != first.digest
    assert other.fingerprint != first.fingerprint


def test_is_kept_as_it_was(people, loyal):
    kept = rehearse(mailing(loyal), as_of=NOW, now=NOW)
    with pytest.raises(ValueError, match="Rehearse again"):
        kept.save()
    assert AuditEntry.objects.filter(action="rehearse_campaign").count() == 1


def test_changes_nothing_else(people, loyal):
    campaign = mailing(loyal)
    state = list(Campaign.objects.values()), list(Segment.objects.values()), Event.objects.count()
    rehearse(campaign, as_of=NOW, now=NOW)
    assert state == (list(Campaign.objects.values()), list(Segment.objects.values()), Event.objects.count())


def test_what_history_keeps_no_record_of_has_no_dates(people):
    rule = {"field": "score.churn", "op": "gte", "value": 0.5}
    segment = Segment.objects.create(slug="leaving", name="Leaving", rule=rule, created_at=NOW)
    outer = Segment.objects.create(slug="o", name="O", rule={"all": [{"segment": "leaving"}]}, created_at=NOW)
    kept = rehearse(mailing(outer), as_of=NOW, now=NOW)
    assert segment.slug == "leaving"
    assert kept.inputs["unanswerable"] == ["score.churn"]
    assert kept.figures["dates"] == []
    assert figure(kept, "buyers_anyway")["mark"] == "unknown"


def test_a_promotion_without_a_mail_reaches_everybody(people, loyal):
    campaign = mailing(loyal)
    Campaign.objects.filter(pk=campaign.pk).update(
        kind=Campaign.Kind.PROMOTION, content=None, promotion=PromotionFactory(created_at=NOW)
    )
    campaign = Campaign.objects.get(pk=campaign.pk)
    kept = rehearse(campaign, as_of=NOW, now=NOW)
    assert kept.figures["dates"][0]["dropped"] == {}
    assert kept.figures["dates"][0]["people"] == kept.figures["dates"][0]["audience"] > PEOPLE / 2
    assert {f["key"] for f in kept.figures["expected"]} == {"people", "buyers_anyway", "revenue_anyway"}


def test_codes_cost_what_is_redeemed(people, loyal):
    promotion = PromotionFactory(created_at=NOW, benefit={"kind": "amount", "amount": "5.00"})
    pool = PoolFactory(created_at=NOW, promotion=promotion)
    pools.generate_codes(pool, 100, now=NOW)
    campaign = mailing(loyal)
    Campaign.objects.filter(pk=campaign.pk).update(kind=Campaign.Kind.COUPON, pool=pool, content=None)
    kept = rehearse(Campaign.objects.get(pk=campaign.pk), as_of=NOW, now=NOW)
    redeemed, cost = figure(kept, "redeemed"), figure(kept, "discount_cost")
    assert redeemed["mark"] == cost["mark"] == "assumed"
    assert cost["value"] == pytest.approx(5 * redeemed["value"], rel=1e-5)
