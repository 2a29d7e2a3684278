"""Demand beside stock: stored by set, told on the page and over REST, and followed by lists at once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F, Sum
from django.urls import reverse

from accounts.models import AuditEntry, Job, Scope, User
from catalog.models import Category, Product
from events.models import Event
from recommendations import demand
from recommendations.demand import selectors
from recommendations.demand.acts import follow_stock
from recommendations.demand.services import TooLittleHistoryError, forecast_demand
from recommendations.demand.supply import HORIZON
from recommendations.models import DemandForecast, DemandRun, ListRule
from recommendations.selectors import lists_for
from recommendations.services.training import train_models
from recommender.demand import HORIZON as LEARNED
from tests.api.conftest import Partner
from tests.factories.accounts import make_key
from tests.recommendations.planted import CUT, plant

pytestmark = pytest.mark.django_db
AS_OF = CUT + timedelta(weeks=4)


def stock(sku: str, units: int | None) -> None:
    Product.objects.filter(sku=sku).update(stock=units)


@pytest.fixture
def shop(settings, tmp_path):
    """Each habit sells four to twelve a week, each hit 80 and more once and long ago."""
    settings.ARTIFACTS = tmp_path
    plant()
    Event.objects.update(quantity=1 + (F("id") * 7919 % 10007) % 3)
    Product.objects.create(
        sku="shelf", name="Shelf", stock=30, created_at=CUT - timedelta(days=400), updated_at=CUT
    )
    Product.objects.create(sku="fresh", name="Fresh", stock=30, created_at=AS_OF, updated_at=AS_OF)
    stock("habit-0", 3)
    stock("habit-1", 40)
    stock("habit-2", 5000)
    forecast_demand(as_of=AS_OF, now=AS_OF)


def test_every_product_that_was_sold_or_lies_there_has_a_forecast_and_what_is_new_has_none(shop):
    habit = DemandForecast.objects.get(product__sku="habit-0")
    weeks = Event.objects.filter(product__sku="habit-0", occurred_at__lt=AS_OF)
    sold = weeks.filter(occurred_at__gte=AS_OF - timedelta(days=28)).aggregate(n=Sum("quantity"))["n"]
    assert habit.sold == sold > 16
    assert habit.expected == pytest.approx(float(sold), rel=0.3)
    assert habit.low <= habit.middle <= habit.high
    shelf = DemandForecast.objects.get(product__sku="shelf")
    assert (shelf.expected, shelf.high, shelf.sold) == (0, 0, 0)
    assert not DemandForecast.objects.filter(product__sku="fresh").exists()
    run = DemandRun.objects.get()
    assert run.products == DemandForecast.objects.count() == 12 + 60 + 1
    assert 0 < run.quality["wape"] < 1
    assert run.quality["interval"][0] <= run.quality["ratio"] <= run.quality["interval"][1]
    assert HORIZON == LEARNED


def test_a_forecast_replaces_the_one_before_and_never_sees_what_came_later(shop):
    before = dict(DemandForecast.objects.values_list("product__sku", "expected"))
    Event.objects.filter(occurred_at__gte=AS_OF).update(quantity=1000)
    forecast_demand(as_of=AS_OF, now=AS_OF)
    assert dict(DemandForecast.objects.values_list("product__sku", "expected")) == before
    assert DemandRun.objects.count() == 2


def test_low_and_over_are_told_by_the_stock_of_this_moment(shop):
    assert [line.sku for line in selectors.lines("low", limit=9)] == ["habit-0"]
    assert [line.sku for line in selectors.lines("over", limit=9)] == ["habit-2", "shelf"]
    found = selectors.counts()
    assert (found.stocked, found.low, found.over) == (5, 1, 2)
    [line] = selectors.lines("low", limit=9)
    assert line.cover == pytest.approx(3 / line.expected * 28)
    assert line.cover_least < line.cover
    shelf = selectors.lines("over", limit=9)[1]
    assert shelf.never_ends and shelf.cover is None
    stock("habit-0", 40)
    assert selectors.lines("low", limit=9) == []
    found = {line.sku for line in selectors.lines(limit=99, words="HABIT-1")}
    assert found == {"habit-1"} | {f"habit-1{n}" for n in range(10)}
    assert selectors.lines(limit=9, words="50%") == []


def test_lists_follow_the_stock_by_one_rule_from_the_next_answer_on(shop, settings):
    settings.RECOMMENDATIONS_STATE_SECONDS = 0
    train_models(as_of=CUT, now=CUT, keys=["own-frequency"])

    def shown() -> list[str]:
        customer = Event.objects.filter(product__sku="habit-0", type="purchase").first().customer_id
        lists = lists_for([customer], use="email", objective="replenish", limit=9, strategy="own-frequency")
        return [item.sku for item in lists[customer]]

    assert {"habit-0", "habit-1", "habit-2"} & set(shown()) >= {"habit-0"}
    rule = follow_stock("low", user=None, now=AS_OF)
    assert "habit-0" not in shown()
    stock("habit-0", 5000)
    assert "habit-0" in shown()
    raised = follow_stock("over", user=None, now=AS_OF)
    assert shown()[0] in {"habit-0", "habit-2"}
    assert follow_stock("over", user=None, now=AS_OF) == raised
    assert ListRule.objects.count() == 2
    rule.refresh_from_db()
    assert (rule.kind, rule.supply, rule.active) == ("exclude", "low", True)
    assert (raised.kind, raised.number) == ("boost", Decimal("1.5"))


def test_what_may_not_be_recommended_is_not_forecast(shop):
    fuel = Category.objects.create(name="Fuel", path="fuel", recommendable=False)
    Product.objects.filter(sku__in=["habit-0", "shelf"]).update(category=fuel)
    forecast_demand(as_of=AS_OF, now=AS_OF)
    known = set(DemandForecast.objects.values_list("product__sku", flat=True))
    assert not known & {"habit-0", "shelf"} and "habit-1" in known


def test_nothing_is_said_of_less_than_four_weeks(settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    with pytest.raises(TooLittleHistoryError):
        forecast_demand(as_of=AS_OF, now=AS_OF)
    plant()
    Event.objects.filter(occurred_at__lt=AS_OF - timedelta(days=20)).delete()
    with pytest.raises(TooLittleHistoryError):
        forecast_demand(as_of=AS_OF, now=AS_OF)
    assert not DemandRun.objects.exists()
    assert demand.__doc__


def test_partners_read_it_with_the_right_scope(shop):
    partner = Partner(make_key("shop", scopes=[Scope.PRODUCTS_READ]))
    told = partner.call("GET", "/api/v1/products/habit-0/demand").json()
    assert told["sku"] == "habit-0" and told["supply"] == "low" and told["days"] == 28
    assert told["units"]["low"] <= told["units"]["expected"] <= told["units"]["high"]
    assert told["days_of_cover"]["expected"] == pytest.approx(3 / told["units"]["expected"] * 28, abs=0.1)
    listed = partner.call("GET", "/api/v1/demand?supply=over&limit=1").json()
    assert listed["count"] == 2 and [row["sku"] for row in listed["results"]] == ["habit-2"]
    second = partner.call("GET", "/api/v1/demand?supply=over&limit=1&offset=1").json()
    assert [row["sku"] for row in second["results"]] == ["shelf"]
    assert second["results"][0]["days_of_cover"] == {"expected": None, "low": None, "high": None}
    missing = partner.call("GET", "/api/v1/products/fresh/demand")
    assert (missing.status_code, missing.json()["type"].rpartition("#")[2]) == (404, "no-forecast")
    assert partner.call("GET", "/api/v1/demand?supply=much").status_code == 400
    visitor = Partner(make_key("page", scopes=[Scope.RECOMMENDATIONS_READ]))
    assert visitor.call("GET", "/api/v1/products/habit-0/demand").status_code == 403
    assert visitor.call("GET", "/api/v1/demand").status_code == 403


def test_the_page_says_what_to_do_and_does_it_by_a_click(shop, client, settings):
    settings.SHOP_AS_OF = AS_OF.isoformat()
    client.force_login(User.objects.create_superuser("alice", "alice@demo.invalid", "correct horse"))
    page = client.get(reverse("admin:demand")).content.decode()
    assert "Habit-0" in page and "Leave all of them out of lists" in page
    assert "Habit-1</a>" not in page
    answer = client.post(reverse("admin:demand_follow", args=["low"]), follow=True).content.decode()
    assert "Lists leave these out" in answer
    habit = Product.objects.get(sku="habit-2")
    back = reverse("admin:demand") + "?supply=over"
    url = reverse("admin:recommendation_product_rule", args=[habit.pk, "boost"])
    assert client.post(url, {"next": back}).url == back
    assert client.post(url, {"next": "https://evil.invalid/"}).url == reverse("admin:recommendation_rules")
    assert ListRule.objects.filter(product=habit, kind="boost", number=Decimal("1.5")).count() == 1
    assert AuditEntry.objects.filter(action="list_rule.made").count() == 2
    assert client.post(reverse("admin:demand_follow", args=["much"])).status_code == 404
    client.post(reverse("admin:demand_forecast"))
    assert Job.objects.get().kind == "forecast-demand"


def test_without_a_forecast_or_a_stock_the_page_says_what_is_missing(client, settings, tmp_path):
    client.force_login(User.objects.create_superuser("alice", "alice@demo.invalid", "correct horse"))
    assert "It needs four weeks of orders" in client.get(reverse("admin:demand")).content.decode()
    settings.ARTIFACTS = tmp_path
    plant()
    forecast_demand(as_of=AS_OF, now=AS_OF)
    page = client.get(reverse("admin:demand"), {"page": "²", "supply": "x", "q": "%\0"}).content.decode()
    assert "No product tells its stock" in page
