"""Sentences and the rules they become, in both languages; what is not understood is said."""

import pytest
from django.utils.translation import override

from catalog.models import Category, Product
from segments.drafting import LONGEST, draft
from segments.rules import parse
from segments.services import ensure_ready_made
from tests.factories.histories import Shop
from tests.segments.conftest import AS_OF

COFFEE, TEA, WINE = "grocery/coffee", "grocery/tea", ["grocery/domestic-wine", "grocery/imported-wine"]


@pytest.fixture(scope="module")
def catalogue(module_db):
    shop = Shop(AS_OF)
    for name in ("coffee", "tea", "domestic-wine", "imported-wine", "wine-vinegar", "咖啡", "酒"):
        shop.product(f"draft-{name}", path=f"grocery/{name}")
    Product.objects.filter(sku="draft-tea").update(brand="Acme")
    for category in Category.objects.all():
        category.name = category.path.split("/")[-1].replace("-", " ").title()
        category.save()
    ensure_ready_made(now=AS_OF)


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def days(event, n, **more):
    return {"event": event, "within_days": n, **more}


def known(field, op, value, **more):
    return {"field": field, "op": op, "value": value, **more}


SENTENCES = [
    # What they did, how often, when.
    (
        "bought coffee at least 3 times in the last 90 days and never wine",
        {
            "all": [
                days("purchase", 90, category=COFFEE, count={"gte": 3}),
                {"event": "purchase", "category": WINE, "never": True},
            ]
        },
    ),
    ("bought something twice", {"all": [{"event": "purchase", "count": {"eq": 2}}]}),
    (
        "viewed Acme more than once in the past 2 weeks",
        {"all": [days("view", 14, brand="Acme", count={"gte": 2})]},
    ),
    (
        "people who ordered 5 or more pieces of tea",
        {"all": [{"event": "purchase", "category": TEA, "quantity": {"gte": 5}}]},
    ),
    (
        "spent between $50 and $200 on coffee in the last year",
        {"all": [days("purchase", 365, category=COFFEE, amount={"between": [50, 200]})]},
    ),
    ("spent over 100 in the last 30 days", {"all": [days("purchase", 30, amount={"gt": 100})]}),
    ("spent more than 1,000", {"all": [known("profile.revenue", "gt", 1000)]}),
    ("haven't bought anything in 6 months", {"all": [days("purchase", 180, never=True)]}),
    ("searched in the last 12 hours", {"all": [{"event": "search", "within": {"hours": 12}}]}),
    # Or binds less than and; what is said once of two things holds for both.
    (
        "bought coffee or tea at least twice in the last 30 days",
        {
            "any": [
                days("purchase", 30, category=COFFEE, count={"gte": 2}),
                days("purchase", 30, category=TEA, count={"gte": 2}),
            ]
        },
    ),
    (
        "viewed tea and added to cart or bought coffee",
        {
            "any": [
                {"all": [{"event": "view", "category": TEA}, {"event": "add_to_cart"}]},
                {"event": "purchase", "category": COFFEE},
            ]
        },
    ),
    # One after the other.
    (
        "added to cart, then no purchase within 24 hours",
        None,
    ),
    # Messages and coupons.
    ("opened none of the last 5 e-mails", {"all": [{"message": "opened", "of_last": 5, "count": {"eq": 0}}]}),
    (
        "did not open the last 3 newsletters",
        {"all": [{"message": "opened", "of_last": 3, "count": {"eq": 0}}]},
    ),
    (
        "opened at least 2 of the last 5 messages",
        {"all": [{"message": "opened", "of_last": 5, "count": {"gte": 2}}]},
    ),
    (
        "never clicked in the last 30 days",
        {"all": [{"message": "clicked", "within_days": 30, "count": {"eq": 0}}]},
    ),
    ("redeemed a coupon in the last 3 months", {"all": [{"coupon": "redeemed", "within_days": 90}]}),
    # What is known.
    (
        "spent over $100 but not back in 60 days",
        {"all": [known("profile.revenue", "gt", 100), known("profile.recency_days", "gte", 60)]},
    ),
    ("quiet for 90 days", {"all": [known("profile.recency_days", "gte", 90)]}),
    (
        "champions or loyal customers from Germany with e-mail consent",
        {
            "all": [
                known("profile.rfm_class", "in", ["champions", "loyal"]),
                known("consent.email", "eq", True),
                known("customer.country", "eq", "DE"),
            ]
        },
    ),
    ("not from France or Spain", {"all": [{"not": known("customer.country", "in", ["FR", "ES"])}]}),
    ("churn risk above 60%", {"all": [known("score.churn", "gt", 0.6)]}),
    (
        "tier is gold and points over 500",
        {
            "all": [
                known("customer.attributes.tier", "eq", "gold"),
                known("customer.attributes.points", "gt", 500),
            ]
        },
    ),
    ("last order more than 90 days ago", {"all": [known("profile.last_order_at", "older_than_days", 90)]}),
    ("birthday this week", {"all": [known("customer.birthday", "in_next_days", 7, zone="customer")]}),
    (
        "top 100 by lifetime value",
        {"all": [{"top": {"field": "score.lifetime_value", "n": 100, "order": "desc"}}]},
    ),
    (
        "in segment “At risk” and not in segment champions",
        {"all": [{"segment": "at-risk"}, {"not": {"segment": "champions"}}]},
    ),
    # Chinese.
    (
        "最近30天消费超过100且没有打开最近5封邮件",
        {
            "all": [
                days("purchase", 30, amount={"gt": 100}),
                {"message": "opened", "of_last": 5, "count": {"eq": 0}},
            ]
        },
    ),
    (
        "过去90天买过咖啡至少3次且从未买过酒",
        {
            "all": [
                days("purchase", 90, category="grocery/咖啡", count={"gte": 3}),
                {"event": "purchase", "category": "grocery/酒", "never": True},
            ]
        },
    ),
    ("近三个月浏览过咖啡两次以上", {"all": [days("view", 90, category="grocery/咖啡", count={"gte": 2})]}),
    (
        "买过咖啡或酒",
        {
            "any": [
                {"event": "purchase", "category": "grocery/咖啡"},
                {"event": "purchase", "category": "grocery/酒"},
            ]
        },
    ),
    ("60天没有买过东西", {"all": [days("purchase", 60, never=True)]}),
    ("60天未回访", {"all": [known("profile.recency_days", "gte", 60)]}),
    (
        "累计消费超过1万元，同意接收邮件",
        {"all": [known("profile.revenue", "gt", 10_000), known("consent.email", "eq", True)]},
    ),
    (
        "来自德国的冠军客户",
        {"all": [known("profile.rfm_class", "eq", "champions"), known("customer.country", "eq", "DE")]},
    ),
    (
        "流失风险高于60%或客单价至少20元",
        {"any": [known("score.churn", "gt", 0.6), known("profile.basket_value", "gte", 20)]},
    ),
    ("生日在本周", {"all": [known("customer.birthday", "in_next_days", 7, zone="customer")]}),
    (
        "最近7天加入购物车，但没有下单",
        {"all": [days("add_to_cart", 7), {"event": "purchase", "never": True}]},
    ),
    (
        "会员等级是金卡且积分大于500",
        {
            "all": [
                known("customer.attributes.tier", "eq", "金卡"),
                known("customer.attributes.points", "gt", 500),
            ]
        },
    ),
    ("最近90天使用过优惠券", {"all": [{"coupon": "redeemed", "within_days": 90}]}),
    ("消费最高的前100名", {"all": [{"top": {"field": "profile.revenue", "n": 100, "order": "desc"}}]}),
]


@pytest.mark.parametrize(("sentence", "rule"), SENTENCES, ids=[sentence for sentence, _rule in SENTENCES])
def test_a_sentence_becomes_a_rule(sentence, rule):
    drafted = draft(sentence)
    assert drafted.unclear == []
    if rule is not None:
        assert drafted.rule == rule
    parse(drafted.rule)


@pytest.mark.parametrize(
    ("sentence", "hours"),
    [
        ("added to cart, then no purchase within 24 hours", 24),
        ("加入购物车后24小时内未购买", 24),
        ("viewed coffee but did not buy within 3 days", 72),
    ],
)
def test_one_thing_and_not_the_other_is_a_sequence(sentence, hours):
    (condition,) = draft(sentence).rule["all"]
    assert condition["within"] == {"hours": hours}
    assert condition["absent"] is True
    assert condition["sequence"][1] == {"event": "purchase"}


def test_abandoned_carts_are_a_sequence():
    (condition,) = draft("abandoned their cart").rule["all"]
    assert [step["event"] for step in condition["sequence"]] == ["add_to_cart", "purchase"]
    assert condition["absent"] is True


@pytest.mark.parametrize(
    ("sentence", "kept", "unclear"),
    [
        (
            "bought coffee and likes jazz",
            {"all": [{"event": "purchase", "category": COFFEE}]},
            ["likes jazz"],
        ),
        ("bought espresso twice", {"all": []}, ["bought espresso twice (nothing is called “espresso”)"]),
        ("in segment “nowhere”", {"all": []}, ["“nowhere”: no segment has this name"]),
        ("喜欢爵士，买过咖啡", {"all": [{"event": "purchase", "category": "grocery/咖啡"}]}, ["喜欢爵士"]),
        ("", {"all": []}, []),
        ("the people who are there", {"all": []}, []),
    ],
)
def test_what_is_not_understood_is_left_out_and_said(sentence, kept, unclear):
    drafted = draft(sentence)
    assert (drafted.rule, drafted.unclear) == (kept, unclear)


def test_ready_made_segments_are_found_by_their_name_in_either_language():
    with override("zh-hans"):
        assert draft("in segment “At risk”").rule == {"all": [{"segment": "at-risk"}]}


def test_a_draw_is_the_same_for_the_same_sentence_and_another_for_another():
    first, again, other = (
        draft(text).rule["all"][0]["share"] for text in ("random 10%", "random 10%", "10% at random")
    )
    assert first == again
    assert (first["percent"], other["percent"]) == (10, 10)
    assert first["salt"] != other["salt"]


@pytest.mark.parametrize(
    "sentence",
    [
        "(" * 500,
        "\0and\0or",
        "not " * 200,
        "between and",
        "最近" * 200,
        "'; DROP TABLE x; --",
        "50% %% %s",
        "\ud800",
        "a" * 5000,
        "一万亿万亿次",
    ],
)
def test_any_text_is_answered(sentence):
    drafted = draft(sentence)
    parse(drafted.rule)
    assert all(len(words) <= LONGEST + 100 for words in drafted.unclear)
