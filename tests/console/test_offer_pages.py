"""The editor's answers, pools and codes: by whom, what is refused, and what did not happen."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import jobs
from accounts.models import AuditEntry, Job, User
from campaigns.coupons import pools
from campaigns.coupons.figures import given_by, out_by_day, rest
from campaigns.coupons.models import Coupon, CouponPool
from campaigns.coupons.services import Order, Refused, redeem, reserve, roll_back
from campaigns.promotions.benefits import KINDS as BENEFITS
from campaigns.promotions.conditions import KINDS as CONDITIONS
from campaigns.promotions.editing import draft_promotion, switch
from campaigns.promotions.models import Promotion
from catalog.services import upsert_products
from console.offers.language import language
from core import clock
from core.money import Money
from customers.selectors import by_external_id
from customers.services import upsert_customers

NOW = clock.now()
BEGUN = NOW - timedelta(days=2)
RULE = {
    "name": "Tea week", "conditions": [], "benefit": {"kind": "percent", "percent": "10"},
    "stacking": "common", "currency": "USD", "also_in": [], "prices": "gross", "starts_at": "", "ends_at": "",
    "limit": "", "limit_per_customer": "", "limit_per_day": "", "budget": "", "priority": 0,
    "needs_code": False,
}  # fmt: skip
CART = {"lines": [{"sku": "tea", "quantity": "2", "price": "10.00"}]}


@pytest.fixture(autouse=True)
def shop(db):
    upsert_products([{"sku": "tea", "name": "Green tea", "price": Money(Decimal("10.00"), "USD")}], BEGUN)
    upsert_customers([{"external_id": f"c{n}", "first_name": "Ann"} for n in range(3)], BEGUN)


def sign_in(role):
    client = Client()
    if role == "alice":
        user = User.objects.create_superuser(role, "", "x")
    else:
        user = User.objects.create_user(role, is_staff=True)
        user.groups.set(Group.objects.filter(name=role))
    client.force_login(user)
    return client


def ask(client, what, **body):
    return client.post(f"/admin/offers/{what}/", json.dumps(body), content_type="application/json")


def make(**fields):
    given = {"name": "Coded", "benefit": {"kind": "amount", "amount": "5.00"}, "currency": "USD"}
    promotion = draft_promotion(
        given | {"conditions": [], "needs_code": True, **fields}, now=BEGUN, user=None
    )
    switch(promotion, True, now=BEGUN, user=None)
    promotion.refresh_from_db()
    return promotion


@pytest.fixture
def pool():
    made = pools.create_pool(name="Five", promotion=make(), now=BEGUN, valid_hours=24)
    pools.generate_codes(made, 10, now=BEGUN)
    return made


def order(number):
    return Order(number, [{"sku": "tea", "quantity": "2", "price": "10.00"}], "USD")


def test_every_kind_of_the_engine_can_be_written():
    spoken = language()
    assert [one["kind"] for one in spoken["conditions"]] == list(CONDITIONS)
    assert [one["kind"] for one in spoken["benefits"]] == list(BENEFITS)


def test_a_cart_is_tried_beside_what_runs():
    given = {"name": "Fifteen", "benefit": {"kind": "percent", "percent": "15"}, "currency": "USD"}
    better = draft_promotion(given, now=BEGUN, user=None)
    switch(better, True, now=BEGUN, user=None)
    answer = ask(sign_in("marketer"), "try", promotion=RULE, cart=CART).json()
    assert answer["faults"] == {}
    assert answer["words"]["gives"] == "10% off"
    tried = answer["tried"]
    assert (tried["applies"], tried["why_not"]) == (False, "“Fifteen” is the better one.")
    assert (tried["before"], tried["discount"], tried["total"]) == ("$20.00", "$3.00", "$17.00")
    assert tried["alone"] == "$2.00"
    assert [one["name"] for one in answer["overlaps"]] == ["Fifteen"]
    assert answer["overlaps"][0]["outcome"] == "best"
    assert Promotion.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"benefit": {"kind": "percent", "percent": "101"}}, "benefit.percent"),
        ({"benefit": {"kind": "bundle", "items": [{"quantity": 1}], "price": "5"}}, "benefit.items.0"),
        ({"conditions": [{"kind": "first_order"}, {"kind": "segment", "any": []}]}, "conditions.1.any"),
        ({"starts_at": "2026-03-02T10:00", "ends_at": "2026-03-01T10:00"}, "ends_at"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "99999999999"}, "limit"),
        ({"budget": "1e99"}, "budget"),
        ({"budget": "NaN"}, "budget"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"name": " "}, "name"),
        ({"currency": ""}, "currency"),
        ({"stacking": "sometimes"}, "stacking"),
    ],
)
def test_faults_keep_their_place_and_nothing_is_stored(change, at):
    client = sign_in("marketer")
    body = {"promotion": RULE | change, "cart": CART}
    assert at in ask(client, "try", **body).json()["faults"]
    answer = ask(client, "create", **body)
    assert (answer.status_code, at in answer.json()["faults"]) == (422, True)
    assert Promotion.objects.count() == 0


@pytest.mark.parametrize(
    "cart",
    [
        {"lines": [{"sku": "tea", "quantity": "NaN", "price": "1"}]},
        {"lines": [{"sku": "tea", "quantity": "1", "price": "-1"}]},
        {"lines": [{"sku": "tea", "quantity": "1e9", "price": "1e308"}]},
        {"lines": "x", "at": 7, "customer": [], "channel": {}},
        {"lines": [{"sku": "\0", "price": None}], "at": "0001-01-01T00:00", "customer": "\0"},
    ],
)
def test_hostile_carts_are_answered(cart):
    assert ask(sign_in("marketer"), "try", promotion=RULE, cart=cart).status_code == 200


def test_moments_are_of_the_shops_clock(settings):
    settings.SHOP_TIME_ZONE = "Asia/Shanghai"
    client = sign_in("marketer")
    window = {"kind": "time_window", "from": "2026-03-01T08:00"}
    body = RULE | {"starts_at": "2026-03-01T08:00", "conditions": [window]}
    assert ask(client, "create", promotion=body).status_code == 200
    promotion = Promotion.objects.get()
    assert promotion.starts_at.isoformat() == "2026-03-01T00:00:00+00:00"
    assert promotion.conditions[0]["from"] == "2026-03-01T00:00:00+00:00"
    page = client.get(f"/admin/offers/{promotion.pk}/").context["sent"]
    assert (page["starts_at"], page["conditions"][0]["from"]) == ("2026-03-01T08:00", "2026-03-01T08:00")


def test_two_tabs(settings):
    client = sign_in("marketer")
    ask(client, "create", promotion=RULE)
    promotion = Promotion.objects.get()
    first = ask(client, f"{promotion.pk}/save", promotion=RULE | {"name": "First"}, version=1)
    second = ask(client, f"{promotion.pk}/save", promotion=RULE | {"name": "Second"}, version=1)
    assert (first.status_code, first.json()["version"]) == (200, 2)
    assert (second.status_code, second.json()["conflict"]) == (409, "changed")
    promotion.refresh_from_db()
    assert promotion.name == "First"


def test_switching_on_is_a_right_of_its_own_and_is_written_down():
    promotion = draft_promotion(RULE | {"starts_at": None, "ends_at": None, "limit": None,
        "limit_per_customer": None, "limit_per_day": None, "budget": None}, now=NOW, user=None)  # fmt: skip
    for role, status, active in (("viewer", 403, False), ("analyst", 403, False), ("marketer", 302, True)):
        answer = sign_in(role).post(f"/admin/offers/{promotion.pk}/activate/")
        promotion.refresh_from_db()
        assert (role, answer.status_code, promotion.active) == (role, status, active)
    assert AuditEntry.objects.get(action="activate_promotion").actor == "marketer"


def test_codes_are_made_and_brought_as_jobs(pool, settings, tmp_path):
    client, url = sign_in("marketer"), f"/admin/offers/pools/{pool.pk}/"
    client.post(f"{url}generate/", {"count": 25})
    file = SimpleUploadedFile("codes.txt", "SPRING-1\nspring 2\nß!\nSPRING1\n".encode())
    client.post(f"{url}bring/", {"file": file, "limit": 1})
    for job in Job.objects.filter(state="queued"):
        jobs.run(job)
    assert pool.coupons.count() == 10 + 25 + 2
    page = client.get(url)
    made = {seen["job"].kind: seen["job"].result for seen in page.context["jobs"]}
    assert made["coupon_codes"] == {"added": 25}
    assert [fault["line"] for fault in made["coupon_file"]["invalid"]] == [3]
    assert made["coupon_file"]["duplicates"] == 1
    for count in ("0", "-1", "x", "99999999"):
        client.post(f"{url}generate/", {"count": count})
    client.post(f"{url}bring/", {"code": "!!"})
    client.post(f"{url}bring/", {})
    assert not Job.objects.filter(state="queued").exists()
    assert pool.coupons.count() == 37


def test_who_may_what_with_codes(pool):
    url = f"/admin/offers/pools/{pool.pk}/"
    viewer = sign_in("viewer")
    assert viewer.get(url).status_code == 200
    for act in ("generate", "bring", "settings", "export"):
        assert viewer.post(url + act + "/").status_code == 403
    coupon = pool.coupons.earliest("pk")
    assert viewer.post(f"/admin/offers/codes/{coupon.pk}/revoke/").status_code == 403
    assert Job.objects.count() == 0
    coupon.refresh_from_db()
    assert (coupon.limit, coupon.expires_at) == (1, None)
    taken = b"".join(sign_in("marketer").post(url + "export/").streaming_content).decode()
    assert taken.count("\n") == 11
    assert coupon.code in taken


def test_a_revoked_code_is_never_used_nor_given_again(pool, django_user_model):
    free, used = pool.coupons.order_by("pk")[:2]
    redeem(used.code, customer=None, order=order("o1"), now=NOW)
    client = sign_in("marketer")
    for coupon in (free, used):
        client.post(f"/admin/offers/codes/{coupon.pk}/revoke/")
    # A use that is over leaves nothing to revoke; taking it back makes the code whole again.
    assert AuditEntry.objects.filter(action="revoke_code").count() == 1
    with pytest.raises(Refused):
        redeem(free.code, customer=None, order=order("o2"), now=NOW)
    people = list(upsert_customers([{"external_id": f"x{n}"} for n in range(10)], NOW).ids.values())
    given = pools.assign(pool, people, reference="r", now=NOW)
    assert free.pk not in {coupon.pk for coupon in given.values()}
    assert len(given) == 8
    page = client.get(f"/admin/offers/codes/{free.pk}/")
    assert [step.title for step in page.context["steps"]] == ["Revoked", "Came into the pool"]


def test_the_life_of_a_code(pool):
    [coupon] = pools.assign(pool, [_customer("c1")], reference="spring", now=NOW).values()
    reserve(coupon.code, customer=coupon.customer, order=order("o1"), now=NOW)
    assert rest(pool.pk, now=NOW).reserved == 1
    redeem(coupon.code, customer=coupon.customer, order=order("o1"), now=NOW)
    assert rest(pool.pk, now=NOW).reserved == 0
    assert given_by([pool.promotion_id])[pool.promotion_id].revenue == Decimal("15.00")
    roll_back(coupon.code, order_id="o1", now=NOW + timedelta(seconds=1))
    assert given_by([pool.promotion_id]) == {}
    client = sign_in("alice")
    spoken = f" {coupon.code[:5].lower()} - {coupon.code[5:]} "
    found = client.get("/admin/offers/pools/find/", {"code": spoken})
    assert found["Location"] == f"/admin/offers/codes/{coupon.pk}/"
    steps = [step.title for step in client.get(found["Location"]).context["steps"]]
    assert steps[0] == "Taken back"
    assert {"Redeemed", "Given to Ann", "Came into the pool"} <= set(steps)
    missing = client.get("/admin/offers/pools/find/", {"code": "NOTHERE\0"})
    assert missing["Location"] == "/admin/offers/pools/"


def test_codes_that_are_out_by_day(pool):
    pools.assign(pool, [_customer("c0"), _customer("c1")], reference="a", now=NOW - timedelta(days=5))
    [third] = pools.assign(pool, [_customer("c2")], reference="a", now=NOW - timedelta(days=1)).values()
    Coupon.objects.filter(pk=third.pk).update(expires_at=None)
    counted = dict(out_by_day([pool.pk], until=NOW, days=7))
    days = sorted(counted)
    # Two were good for a day; the third, given yesterday, still is.
    assert [counted[day] for day in days] == [0, 2, 0, 0, 0, 1, 1]


def test_a_pool_is_made_for_a_promotion_that_needs_codes():
    promotion = make(name="With code")
    client = sign_in("marketer")
    client.post("/admin/offers/pools/new/", {"name": "P", "promotion": promotion.pk, "valid_days": 3})
    made = CouponPool.objects.get()
    assert (made.valid_hours, made.low_stock) == (72, 100)
    client.post("/admin/offers/pools/new/", {"name": "P", "promotion": promotion.pk})
    client.post("/admin/offers/pools/new/", {"name": "Q", "promotion": "x"})
    client.post("/admin/offers/pools/new/", {"name": "Q", "promotion": promotion.pk, "prefix": "!"})
    assert CouponPool.objects.count() == 1


@pytest.mark.parametrize(
    "query", ["from=x", "from=0000-13", "from=9999-99", "market=XX", "from=2026-02&market=DE"]
)
def test_strange_calendars(query):
    make(name="Always")
    answer = sign_in("viewer").get(f"/admin/offers/calendar/?{query}")
    assert (answer.status_code, len(answer.context["bars"])) == (200, 1)


def _customer(external_id):
    return by_external_id(external_id).pk
