"""Ctrl+K on the server: what is found, by whom, in which language, and with how few queries."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from campaigns.coupons.models import Coupon
from console.palette import customers_like
from customers.services import upsert_customers
from tests.factories.shop import NOW, open_shop


@pytest.fixture(scope="module")
def opened(module_db, tmp_path_factory):
    with override_settings(
        ARTIFACTS=tmp_path_factory.mktemp("shop"),
        SHOP_AS_OF=NOW.isoformat(),
        SHOP_POSTAL_ADDRESS="1 Market Street",
    ):
        open_shop()
        upsert_customers(
            [
                {
                    "external_id": "VIP-7",
                    "first_name": "小明",
                    "last_name": "王",
                    "email": "ming@demo.invalid",
                },
                {"external_id": "v8", "first_name": "<b>Eve</b>", "last_name": "O'Hara"},
            ],
            NOW,
        )
        yield


@pytest.fixture
def shop(opened, db):
    return Client()


def ask(client, words, role="admin", language="en"):
    """Return the lines for some words, as (title, link)."""
    user, new = User.objects.get_or_create(username=f"the {role}", is_staff=True)
    if new and role != "nobody":
        user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    client.cookies["django_language"] = language
    answer = client.get("/admin/search/", {"s": words})
    assert answer.status_code == 200
    return {line.title: line.link for _heading, lines in answer.context["groups"] for line in lines}


def test_without_words_it_offers_what_can_be_begun(shop):
    assert "New segment" in ask(shop, "")
    assert "New segment" not in ask(shop, "", role="viewer")
    assert "Change my password" in ask(shop, "", role="nobody")


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("new cam", "New campaign"), ("upload", "Import customers"), ("expe", "Experiments"),
        ("audit", "Audit log"), ("spring", "Spring picks"), ("tea w", "Tea week"), ("five", "Five"),
        ("tea 3", "Tea 3"), ("p3", "Tea 3"), ("best-sell", "Best-sellers or personal picks?"),
        ("vip-7", "小明 王"), ("ming@demo.invalid", "小明 王"), ("王小明", "小明 王"), ("王", "小明 王"),
        ("no3 ann", "Ann No3"), ("Ann No3", "Ann No3"), ("o'h", "<b>Eve</b> O'Hara"),
    ],
)  # fmt: skip
def test_it_is_found(shop, words, title):
    assert title in ask(shop, words)


def test_pages_are_found_in_both_languages(shop):
    found = ask(shop, "客户", language="zh-hans")
    assert "/admin/customers/customer/" in found.values()
    assert "/admin/customers/customer/" in ask(shop, "custom", language="zh-hans").values()


def test_a_code_is_found_as_people_write_it(shop):
    coupon = Coupon.objects.earliest("pk")
    spoken = f"{coupon.code[:3]} {coupon.code[3:]}".lower()
    assert f"/admin/offers/codes/{coupon.pk}/" in ask(shop, spoken).values()
    assert f"/admin/offers/codes/{coupon.pk}/" not in ask(shop, coupon.code[:-1]).values()


@pytest.mark.parametrize("words", ["ann", "spring", "tea", "c1@demo.invalid", "custom", "new cam"])
def test_nobody_finds_what_they_may_not_see(shop, words):
    assert ask(shop, words, role="nobody") == {}


def test_names_are_text_and_persons_names_are_not_kept(shop):
    ask(shop, "v8")
    page = shop.get("/admin/search/", {"s": "v8"}).content.decode()
    assert "&lt;b&gt;Eve" in page
    assert "<b>Eve" not in page
    assert 'data-kept="v8"' in page


@pytest.mark.parametrize("words", ["\0", "%", "_", "\\", "'", "x" * 5000, "🍵", "(((", "a b c d e"])
def test_strange_words_find_nothing_and_break_nothing(shop, words):
    assert isinstance(ask(shop, words), dict)


def test_its_queries_are_few_and_fixed(shop):
    ask(shop, "a")
    with CaptureQueriesContext(
        connection,
    ) as few:
        shop.get("/admin/search/", {"s": "ann"})
    with CaptureQueriesContext(connection) as many:
        shop.get("/admin/search/", {"s": "tea 1"})
    assert len(many) == len(few) <= 18


def test_names_are_looked_up_by_indexes(shop):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = customers_like("Ann")[:8].explain()
    assert "customer_first_name" in plan
    assert "customer_last_name" in plan
    assert "Seq Scan" not in plan
