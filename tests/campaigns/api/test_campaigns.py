"""Campaigns over REST: planned, launched, held, and refused."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from accounts.models import AuditEntry
from campaigns.models import Campaign
from tests.factories.campaigns import starter
from tests.factories.coupons import PoolFactory
from tests.factories.customers import make_customer
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_campaign_is_planned_launched_held_and_read(call):
    starter("coupon", now=NOW)
    pool = PoolFactory(created_at=NOW, promotion=PromotionFactory(created_at=NOW, budget=Decimal("99.00")))
    make_customer("alice", now=NOW, email="alice@demo.invalid")
    body = {
        "slug": "spring",
        "name": "Spring",
        "kind": "coupon",
        "template": "A coupon for you",
        "pool": str(pool.pk),
    }
    made = call("/campaigns", body)
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    assert call("/campaigns", body).status_code == 400
    assert call("/campaigns", body | {"slug": "s", "state": "running"}).status_code == 400
    assert call("/campaigns", body | {"slug": "s", "template": "none"}).status_code == 400
    key = made.json()["id"]
    assert call(f"/campaigns/{key}/launch", {}).json()["state"] == "running"
    assert call(f"/campaigns/{key}/pause", {}).json()["state"] == "paused"
    report = call(f"/campaigns/{key}/report").json()
    assert (report["audience"], report["pending"]) == (1, 1)
    parts = ("pending", "claimed", "sending", "sent", "failed", "skipped", "held_out", "uncertain")
    assert sum(report[part] for part in parts) == report["audience"]
    assert call(f"/campaigns/{key}/resume", {}).json()["state"] == "running"
    assert call(f"/campaigns/{key}/cancel", {}).json()["state"] == "cancelled"
    again = call(f"/campaigns/{key}/resume", {})
    assert (again.status_code, again.json()["type"]) == (409, "/api/problems#campaign-not-ready")
    assert [c["slug"] for c in call("/campaigns").json()["results"]] == ["spring"]
    assert AuditEntry.objects.filter(actor__startswith="API key", action="launch_campaign").count() == 1


def test_an_unready_campaign_is_told_what_is_missing(call):
    made = call("/campaigns", {"slug": "x", "name": "X", "kind": "email"}).json()
    answer = call(f"/campaigns/{made['id']}/launch", {})
    assert (answer.status_code, answer.json()["problems"]) == (409, ["Choose the content of the mail."])
    assert Campaign.objects.get().state == "draft"
    assert call("/campaigns/nonsense/launch", {}).status_code == 404
    assert call("/campaigns/01990000-0000-7000-8000-000000000000/report").status_code == 404
