"""Plans over REST."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.jobs import kinds, silent
from accounts.models import Job, Scope
from campaigns.targeting.launching import begin
from campaigns.targeting.models import OfferPlan
from events.services import record
from tests.factories.accounts import make_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def call():
    cache.clear()
    keys = {}

    def send(path, body=None, *, scopes=tuple(Scope)):
        keys[scopes] = keys.get(scopes) or make_key(f"k{len(keys)}", scopes)
        headers = {"Authorization": f"Api-Key {keys[scopes]}"}
        client = Client(raise_request_exception=False)
        if body is None:
            return client.get(f"/api/v1{path}", headers=headers)
        return client.post(f"/api/v1{path}", body, content_type="application/json", headers=headers)

    return send


def test_a_plan_from_the_first_call_to_its_rows(call, crowd, pool, now):
    body = {
        "slug": "spring", "name": "Spring", "budget": "50.00", "margin_share": "0.3", "window_days": 14,
        "values": [{"pool": str(pool(2).pk)}, {"pool": str(pool(5).pk)}],
    }  # fmt: skip
    made = call("/offer-plans", body)
    assert made.status_code == 201, made.content
    plan = made.json()
    job = Job.objects.get(pk=plan["job"])
    assert (job.kind, plan["summary"], plan["currency"]) == ("offer_plan", {}, "USD")
    kinds.get(job.kind).load()(job.parameters, now, silent)
    read = call(f"/offer-plans/{plan['id']}").json()
    assert read["summary"]["offers"] > 0
    assert float(read["summary"]["cost"]) <= 50
    assert read["summary"]["curve"][-1]["people"] >= read["summary"]["offers"]
    page = call(f"/offer-plans/{plan['id']}/offers?why=best&held_out=false&limit=5").json()
    assert len(page["results"]) == 5
    row = page["results"][0]
    assert row["pool"] in ("2 off", "5 off")
    assert row["gain"] > 0
    assert row["words"].startswith("Redeems with")
    assert call(f"/offer-plans/{plan['id']}/effect").status_code == 409
    assert call(f"/offer-plans/{plan['id']}/compute", {}).status_code == 202
    begin(OfferPlan.objects.get(), now)
    assert call(f"/offer-plans/{plan['id']}/compute", {}).status_code == 409
    assert call(f"/offer-plans/{plan['id']}/effect").json()["held_out"] > 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("budget", "-1"), ("budget", "NaN"), ("margin_share", "1.5"), ("holdout_share", "0"),
        ("values", []), ("method", "magic"), ("values", [{"pool": "0"}]), ("response", 9),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_field(call, pool, field, value):
    body = {
        "slug": "s", "name": "S", "budget": "5", "margin_share": "0.3", "values": [{"pool": str(pool(2).pk)}]
    }  # fmt: skip
    answer = call("/offer-plans", body | {field: value})
    assert answer.status_code == 400, answer.content
    assert field in answer.content.decode()
    assert not OfferPlan.objects.exists()


def test_each_call_has_its_scope(call):
    for path, body in (("/offer-plans", None), ("/offer-plans", {}), ("/past-offers", None)):
        assert call(path, body, scopes=(Scope.EVENTS_WRITE,)).status_code == 403
    assert call("/offer-plans/not-a-plan").status_code == 404


def test_past_offers_are_told_by_campaign(call, crowd, now):
    given = [
        {
            "source": "old", "message_id": f"g{n}", "type": "coupon_assigned", "customer_id": crowd[n].pk,
            "occurred_at": now, "properties": {"campaign": "7", "until": now.isoformat()},
        }
        for n in range(4)
    ]  # fmt: skip
    used = [
        {
            "source": "old", "message_id": f"u{n}", "type": "coupon_redeemed", "customer_id": crowd[0].pk,
            "occurred_at": now, "properties": {"campaign": "7", "coupon_upc": str(n)},
        }
        for n in range(2)
    ]  # fmt: skip
    record([*given, *used], now=now)
    [row] = call("/past-offers").json()
    assert (row["campaign"], row["people"], row["redeemers"], row["redemptions"], row["rate"]) == (
        "7", 4, 1, 2, 0.25,
    )  # fmt: skip
