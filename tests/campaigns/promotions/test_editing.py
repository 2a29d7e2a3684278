"""Promotions as people write them: what an edit may touch, what it may not, and who they meet."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AuditEntry
from campaigns.promotions import editing
from campaigns.promotions.models import Promotion
from campaigns.promotions.overlaps import open_promotions, overlaps
from catalog.services import upsert_products
from core.money import Money

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEN = {"kind": "percent", "percent": "10"}


def make(name="Tea week", *, on=True, **fields):
    given = {"name": name, "benefit": TEN, "currency": "USD", "conditions": [], **fields}
    promotion = editing.draft_promotion(given, now=NOW, user=None)
    if on:
        editing.switch(promotion, True, now=NOW, user=None)
    promotion.refresh_from_db()
    return promotion


def change(promotion, **fields):
    return editing.change_promotion(promotion.pk, fields, version=promotion.version, now=NOW, user=None)


def test_a_draft_is_off_and_its_short_name_is_free(db):
    first, second, chinese = make(on=False), make(on=False), make("春茶节", on=False)
    assert [p.active for p in (first, second, chinese)] == [False] * 3
    assert [p.slug for p in (first, second, chinese)] == ["tea-week", "tea-week-2", "offer"]


def test_an_edit_never_touches_what_was_used(db):
    promotion = make(limit=5)
    Promotion.objects.filter(pk=promotion.pk).update(used=3, spent="7.50")
    changed = change(promotion, name="Tea days", limit=4)
    changed.refresh_from_db()
    assert (changed.name, changed.limit, changed.used, changed.spent) == ("Tea days", 4, 3, Decimal("7.500"))
    entry = AuditEntry.objects.get(action="change_promotion")
    assert (entry.before["limit"], entry.after["limit"]) == (5, 4)


@pytest.mark.parametrize(
    ("fields", "at"),
    [({"limit": 2}, "limit"), ({"budget": Decimal(7)}, "budget"), ({"currency": "EUR"}, "currency")],
)
def test_what_was_used_bounds_an_edit(db, fields, at):
    promotion = make()
    Promotion.objects.filter(pk=promotion.pk).update(used=3, spent="7.50")
    with pytest.raises(ValidationError) as refused:
        change(promotion, **fields)
    assert list(refused.value.message_dict) == [at]
    promotion.refresh_from_db()
    assert (promotion.limit, promotion.budget, promotion.currency, promotion.version) == (
        None,
        None,
        "USD",
        1,
    )


def test_the_second_of_two_tabs_is_refused(db):
    promotion = make()
    change(promotion, name="First")
    with pytest.raises(editing.ChangedMeanwhile):
        change(promotion, name="Second")
    promotion.refresh_from_db()
    assert (promotion.name, promotion.version) == ("First", 2)


def test_an_archived_one_is_off_and_stays_so(db):
    promotion = make()
    assert editing.archive(promotion, now=NOW, user=None) is True
    assert editing.archive(promotion, now=NOW, user=None) is False
    assert editing.switch(promotion, True, now=NOW, user=None) is False
    promotion.refresh_from_db()
    assert (promotion.active, promotion.archived_at) == (False, NOW)
    with pytest.raises(ValidationError):
        change(promotion, name="x")
    assert editing.restore(promotion, now=NOW, user=None) is True
    promotion.refresh_from_db()
    assert (promotion.active, promotion.archived_at) == (False, None)


def test_a_copy_has_used_nothing(db):
    promotion = make(limit=5, conditions=[{"kind": "first_order"}])
    Promotion.objects.filter(pk=promotion.pk).update(used=3)
    copy = editing.copy_promotion(promotion, now=NOW, user=None)
    assert (copy.used, copy.active, copy.limit, copy.conditions) == (0, False, 5, [{"kind": "first_order"}])
    assert copy.slug != promotion.slug


def on(**selection):
    return TEN | {"on": selection}


def test_overlaps_by_time_and_catalogue(db, django_assert_max_num_queries):
    price = Money(Decimal("4.50"), "USD")
    upsert_products(
        [
            {"sku": "green", "name": "Green", "category": ["Tea"], "brand": "Ming", "price": price},
            {"sku": "mug", "name": "Mug", "category": ["Ware"], "brand": "Clay", "price": price},
        ],
        NOW,
    )
    mine = make("Mine", benefit=on(categories=["tea"]), ends_at=NOW + timedelta(days=10))
    rows = {
        "Brand of the category": on(brands=["Ming"]),
        "Brand beside it": on(brands=["Clay"]),
        "Product within": on(products=["green"]),
        "Product beside": on(products=["mug"]),
        "Everything": TEN,
        "Shipping": {"kind": "free_shipping"},
    }
    for name, benefit in rows.items():
        make(name, benefit=benefit)
    make("Later", starts_at=NOW + timedelta(days=10))
    make("Off", on=False)
    others = open_promotions(NOW)
    with django_assert_max_num_queries(2):
        met = {one.promotion.name for one in overlaps(mine, others)}
    assert met == {"Brand of the category", "Product within", "Everything"}


@pytest.mark.parametrize(
    ("mine", "theirs", "outcome"),
    [
        (("common", 0), ("common", 0), "best"),
        (("always", 0), ("common", 0), "adds"),
        (("never", 1), ("common", 0), "excludes"),
        (("common", 0), ("never", 1), "excluded"),
        (("never", 0), ("always", 1), "excluded"),
    ],
)
def test_what_comes_of_an_overlap(db, mine, theirs, outcome):
    a = make("A", stacking=mine[0], priority=mine[1])
    b = make("B", stacking=theirs[0], priority=theirs[1])
    assert [one.outcome for one in overlaps(a, [b])] == [outcome]
