"""A small shop with something on every page, for tests that look at pages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from accounts.models import Job, User
from campaigns.actions import create_campaign, launch_campaign
from campaigns.content.starters import ensure_starter_templates
from campaigns.coupons.pools import create_pool, generate_codes
from campaigns.experiments.models import Snapshot
from campaigns.experiments.services import create_experiment
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from campaigns.selectors import run_of
from campaigns.targeting.making import create_plan
from campaigns.targeting.planning import compute
from catalog.models import Product
from catalog.services import upsert_products
from core import clock
from core.money import Money
from customers.consent import ConsentRow
from customers.models import Channel, Suppression
from customers.services import record_consents, upsert_customers
from delivery.models import (
    Message,
    Provider,
    ProviderHour,
    ReceivedMail,
    ReceivedMessage,
    Run,
    StaffTask,
)
from events.services import ingest
from profiles.services import build_profiles
from recommendations.models import Champion, Objective, TuningDecision
from recommendations.services.training import train_models
from segments.models import Segment
from segments.services import ensure_ready_made, refresh_all

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct horse"

REFUSED = {"state": "failed", "skip_reason": "refused", "error": "550 5.7.1", "attempts": 1}

MAIL = b"""From: Shop <shop@demo.invalid>
To: c1@demo.invalid
Subject: Picked for you
Message-ID: <1@demo.invalid>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Plain words
--b
Content-Type: text/html; charset=utf-8

<!doctype html><html lang="en"><title>Mail</title><h1>Words</h1><script>window.top.hacked = 1</script></html>
--b--
"""


def open_shop(now: datetime = NOW, customers: int = 12) -> dict[str, str]:
    """Store a shop with history, profiles, segments, a finished comparison, a job and a mail.

    Returns the addresses of the pages that are not in the sidebar, by name. Alice may do everything.
    """
    # An earlier test may have emptied the tables that a migration filled.
    ensure_ready_made(now=now)
    alice = User.objects.create_superuser("alice", "alice@demo.invalid", PASSWORD, first_name="Alice")
    upsert_products(
        [{"sku": f"p{n}", "name": f"Tea {n}", "price": Money(Decimal("4.50"), "USD")} for n in range(5)],
        now,
    )
    people = upsert_customers(
        [
            {
                "external_id": f"c{n}",
                "first_name": "Ann",
                "last_name": f"No{n}",
                "email": f"c{n}@demo.invalid",
            }
            for n in range(customers)
        ],
        now,
    )
    record_consents([_consent(pk, now) for pk in people.ids.values()], now)
    ingest(_orders(customers, now), now=now, default_source="shop")
    build_profiles(as_of=now, now=now)
    refresh_all(as_of=now, now=now)
    train_models(as_of=now, now=now, keys=["popularity", "own-frequency"])
    experiment = _experiment(now)
    campaign = create_campaign(
        user=alice,
        now=now,
        name="Spring picks",
        slug="spring",
        kind=Campaign.Kind.EMAIL,
        content=ensure_starter_templates(now)["recommendations"],
        experiment=experiment,
    )
    launch_campaign(campaign, user=alice, now=now, as_of=now)
    # Whether it reached one of them is not known; another one's server refused it.
    run = run_of(campaign)
    keys = run.messages.filter(state="pending").order_by("id").values_list("id", flat=True)[:2]
    for key, fields in zip(keys, ({"state": "uncertain"}, REFUSED), strict=True):
        run.messages.filter(pk=key).update(**fields)
    draft = create_campaign(
        user=alice,
        now=now,
        name="Draft",
        slug="draft",
        kind=Campaign.Kind.EMAIL,
        segment=Segment.objects.first(),
    )
    Promotion.objects.create(
        slug="tea",
        name="Tea week",
        benefit={"kind": "percent", "percent": "10"},
        currency="USD",
        created_at=now,
    )
    coded = Promotion.objects.create(
        slug="five-off", name="Five off", benefit={"kind": "amount", "amount": "5.00"}, currency="USD",
        needs_code=True, starts_at=now, ends_at=now + timedelta(days=400), created_at=now,
    )  # fmt: skip
    pool = create_pool(name="Five", promotion=coded, now=now)
    generate_codes(pool, 5, now=now)
    code = pool.coupons.earliest("pk")
    plan = create_plan(
        slug="spring-offers", name="Spring offers", values=[{"pool": pool}], budget=Decimal(100),
        margin_share=Decimal("0.3"), user=alice, now=now,
    )  # fmt: skip
    compute(plan, as_of=now, now=now)
    job = Job.objects.create(
        kind="train", title="Training", state=Job.State.RUNNING, done=3, total=10, created_at=now,
        started_at=now, heartbeat_at=now, started_by=alice,
    )  # fmt: skip
    mail = ReceivedMail.objects.create(
        envelope_from="shop@demo.invalid", envelope_to="c1@demo.invalid", sender="Shop",
        subject="Picked for you", message_id="<1@demo.invalid>", raw=MAIL, size=len(MAIL), received_at=now,
    )  # fmt: skip
    _delivery(campaign, people.ids["c1"], now)
    run = Run.objects.get(reference=str(campaign.pk))
    return {
        "runs": "/admin/delivery/runs/",
        "run": f"/admin/delivery/runs/{run.pk}/",
        "delivery log": "/admin/delivery/log/",
        "unreached": "/admin/delivery/unreached/",
        "providers": "/admin/delivery/providers/",
        "new provider": "/admin/delivery/provider/add/?kind=sms-aliyun",
        "staff": "/admin/delivery/staff/",
        "suppression": "/admin/delivery/suppression/",
        "sms": "/admin/mailbox/messages/?channel=sms",
        "segment": f"/admin/segments/{draft.segment_id}/",
        "segment builder": f"/admin/segments/{draft.segment_id}/edit/",
        "new segment": "/admin/segments/new/",
        "new list": "/admin/segments/lists/new/",
        "customer": f"/admin/customers/{people.ids['c1']}/",
        "merge": f"/admin/customers/{people.ids['c1']}/merge/?with={people.ids['c2']}&q=c",
        "erase": f"/admin/customers/{people.ids['c1']}/erase/",
        "product": f"/admin/products/{Product.objects.earliest('pk').pk}/",
        "campaign": f"/admin/campaigns/{campaign.pk}/report/",
        "run unreached": f"/admin/delivery/runs/{run.pk}/unreached/",
        "draft": f"/admin/campaigns/{draft.pk}/report/",
        **{
            f"campaign {step}": f"/admin/campaigns/{draft.pk}/plan/{step}/"
            for step in ("goal", "audience", "content", "test", "review")
        },
        "new campaign": "/admin/campaigns/new/",
        "experiment": f"/admin/experiments/{experiment.pk}/",
        "offers": "/admin/offers/",
        "new offer": "/admin/offers/new/",
        "offer": f"/admin/offers/{coded.pk}/",
        "offer results": f"/admin/offers/{coded.pk}/results/",
        "all offer results": "/admin/offers/results/",
        "offer calendar": "/admin/offers/calendar/",
        "offer plans": "/admin/offers/plans/",
        "new offer plan": "/admin/offers/plans/new/",
        "offer plan": f"/admin/offers/plans/{plan.pk}/",
        "past offers": "/admin/offers/past/",
        "pools": "/admin/offers/pools/",
        "pool": f"/admin/offers/pools/{pool.pk}/",
        "code": f"/admin/offers/codes/{code.pk}/",
        "job": f"/admin/jobs/{job.pk}/",
        "mail": f"/admin/mailbox/{mail.pk}/",
    }


def _delivery(campaign: Campaign, customer_id: int, now: datetime) -> None:
    """Store a provider that is left alone, a task, an SMS, a suppression, and messages that did not go."""
    provider = Provider(
        name="Gateway", channel="sms", kind="sms-http", created_at=now, updated_at=now,
        breaker_state="open", breaker_until=now, last_error="It cannot be reached.", last_error_at=now,
    )  # fmt: skip
    provider.configuration = {"url": "https://sms.example/send"}
    provider.save()
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    for provider_id, channel in ((provider.pk, "sms"), (None, "email")):
        ProviderHour.objects.create(
            provider_id=provider_id, channel=channel, hour=hour, sent=40, refused=3, postponed=2, calls=45,
            milliseconds=900,
        )  # fmt: skip
    StaffTask.objects.create(
        customer_id=customer_id, message_key="<1@x>", title="Call", text="Ask about the tea.", created_at=now
    )
    ReceivedMessage.objects.create(
        channel="sms", address="+4915112345678", message_id="<2@x>", text="Grüße 🎁",
        payload={"parts": 1, "encoding": "UCS-2"}, received_at=now,
    )  # fmt: skip
    Suppression.objects.create(channel="sms", address_hash="0" * 64, reason="unsubscribed", created_at=now)
    waiting = Message.objects.filter(run__reference=str(campaign.pk), state="pending").order_by("id")
    first, second = waiting.values_list("pk", flat=True)[:2]
    Message.objects.filter(pk=first).update(state="skipped", skip_reason="no_consent")
    Message.objects.filter(pk=second).update(state="failed", error="550 5.1.1", attempts=1)


def _consent(customer_id: int, now: datetime) -> ConsentRow:
    return ConsentRow(
        customer_id=customer_id, channel=Channel.EMAIL, granted=True, source="test", occurred_at=now
    )


def _orders(customers: int, now: datetime) -> list[dict]:
    return [
        {
            "message_id": f"m{n}-{k}",
            "type": "purchase",
            "source": "shop",
            "occurred_at": (now - timedelta(days=3 * k + n % 3 + 1)).isoformat(),
            "customer": f"c{n}",
            "sku": f"p{(n + k) % 5}",
            "order_id": f"o{n}-{k}",
            "quantity": 1,
            "amount": {"amount": "4.50", "currency": "USD"},
        }
        for n in range(customers)
        for k in range(n % 6 + 1)
    ]


def _experiment(now: datetime):
    experiment = create_experiment(
        key="picks", name="Best-sellers or personal picks?", salt="s",
        variants=[
            {"key": "a", "name": "Best-sellers", "is_control": True, "levers": {"strategy": "popularity"}},
            {"key": "b", "name": "Personal picks", "levers": {"strategy": "hybrid"}},
        ],
        holdout_share=0.1, window_days=28, now=now, kind="replay",
    )  # fmt: skip
    Snapshot.objects.create(
        experiment=experiment,
        look=1,
        as_of=now,
        created_at=now,
        code_version="1",
        statistics={},
        results={
            "kind": "replay",
            "objective": "replenish",
            "variants": [
                {
                    "key": "a",
                    "name": "Best-sellers",
                    "is_control": True,
                    "n": 100,
                    "conversions": 20,
                    "rate": 0.2,
                },
                {
                    "key": "b",
                    "name": "Personal picks",
                    "is_control": False,
                    "n": 100,
                    "conversions": 40,
                    "rate": 0.4,
                },
            ],
            "difference": 0.2,
            "interval": [0.08, 0.32],
            "verdict": "better",
            "holdout_check": {"reason": "arm too small", "held_out": 1, "treated": 11},
            "sample_ratio": {"p_value": 0.5, "clean": True, "counts": [6, 5]},
        },
    )
    champion = Champion.objects.get(use=f"email:{Objective.REPLENISH}")
    TuningDecision.objects.create(
        kind=TuningDecision.Kind.STRATEGY, use=champion.use, reference="picks#1", verdict="better",
        evidence={"kind": "replay", "interval": [0.08, 0.32]}, before={"strategy": "popularity"},
        after={"strategy": "hybrid"}, changed=True, as_of=now, created_at=now,
    )  # fmt: skip
    return experiment
