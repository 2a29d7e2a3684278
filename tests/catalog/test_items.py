"""Items need not be goods: articles, courses and savings products, from the call to the recommendation."""

import pytest

from catalog.models import Category, Product
from core import clock
from profiles.services import build_profiles
from recommendations.services.training import train_models

ITEMS = [
    {"sku": "article-rates", "name": "What rising rates mean", "category": ["Articles", "Markets"],
     "attributes": {"minutes": 6, "author": "A. Keller"}},
    {"sku": "article-etf", "name": "ETFs in ten minutes", "category": ["Articles", "Basics"],
     "attributes": {"minutes": 10}},
    {"sku": "course-investing", "name": "Investing for beginners", "category": ["Courses"],
     "price": {"amount": "49.00", "currency": "USD"}, "attributes": {"lessons": 12, "level": "beginner"},
     "images": ["https://bank.example/course.jpg"]},
    {"sku": "course-retirement", "name": "Plan your retirement", "category": ["Courses"],
     "price": {"amount": "79.00", "currency": "USD"}, "attributes": {"lessons": 20}},
    {"sku": "savings-12", "name": "Fixed deposit, 12 months", "category": ["Savings", "Fixed"],
     "attributes": {"rate": "2.40", "months": 12, "minimum": "1000.00"}},
    {"sku": "savings-flex", "name": "Instant access savings", "category": ["Savings"],
     "attributes": {"rate": "1.10"}},
]  # fmt: skip


@pytest.mark.django_db
def test_a_bank_recommends_reading_courses_and_savings(alice, settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    assert alice.call("POST", "/api/v1/products", ITEMS).json()["accepted"] == len(ITEMS)
    assert Category.objects.get(path="savings/fixed").parent.path == "savings"
    assert set(Product.objects.filter(stock=None).values_list("sku", flat=True)) == {i["sku"] for i in ITEMS}
    events = []
    for n in range(12):
        skus = (
            ["article-rates", "course-investing", "savings-12"] if n % 2 else ["article-etf", "savings-flex"]
        )
        for k, sku in enumerate(skus):
            kind = "view" if sku.startswith("article") else "purchase"
            events.append(
                {"message_id": f"{n}-{k}", "type": kind, "customer": f"client-{n}", "sku": sku,
                 "order_id": f"o{n}-{k}", "quantity": 1, "occurred_at": "2026-02-01T10:00:00Z"}
            )  # fmt: skip
    assert alice.call("POST", "/api/v1/events", events).json()["accepted"] == len(events)
    now = clock.now()
    build_profiles(as_of=now, now=now)
    train_models(as_of=now, now=now, keys=["popularity"])
    answer = alice.call("GET", "/api/v1/customers/client-1/recommendations?objective=discover&limit=3")
    assert answer.status_code == 200
    skus = [item["sku"] for item in answer.json()["items"]]
    assert skus
    assert set(skus) <= {item["sku"] for item in ITEMS} - {"course-investing", "savings-12"}
