"""The page on data quality: which days it opens on."""

from datetime import date, timedelta

import pytest

from accounts.models import User
from core import clock
from events import quality


@pytest.fixture
def alice(db, client):
    client.force_login(User.objects.create_superuser("alice", password="x"))
    return client


def shown(client, query=""):
    context = client.get(f"/admin/data-quality/{query}").context
    return context["first"], context["last"], context["newer"]


def test_it_opens_on_the_newest_days_with_data(alice):
    quality.note("till", date(2025, 3, 9), {"accepted": 5, "duplicate": 1})
    assert shown(alice) == (date(2025, 2, 8), date(2025, 3, 9), None)


def test_where_the_shops_history_ends_in_the_past_it_opens_there(alice, settings):
    """As in the demo: what came today is about other days, and is one click away."""
    settings.SHOP_AS_OF = "2017-12-04"
    today = quality.shop_day(clock.now())
    quality.note("journey", date(2017, 11, 20), {"accepted": 70, "no_quantity": 6})
    quality.note("api", today, {"accepted": 1})
    assert shown(alice) == (date(2017, 11, 5), date(2017, 12, 4), today)
    page = alice.get("/admin/data-quality/").content.decode()
    assert "journey" in page and f"?to={today:%Y-%m-%d}" in page
    assert shown(alice, f"?to={today}") == (today - timedelta(days=29), today, None)


def test_without_figures_it_says_what_it_is(alice):
    assert "No data yet" in alice.get("/admin/data-quality/").content.decode()
