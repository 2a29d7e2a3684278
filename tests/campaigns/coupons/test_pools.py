"""Filling pools and handing codes out."""

import pytest

from campaigns.coupons import pools
from campaigns.coupons.models import Coupon
from campaigns.coupons.selectors import Stock, stock
from events.models import Event
from tests.factories.coupons import PoolFactory

pytestmark = pytest.mark.django_db


def test_generating_adds_exactly_the_number_and_reports_progress(now):
    pool = PoolFactory(created_at=now, prefix="TEN")
    seen = []
    assert pools.generate_codes(pool, 12_345, now=now, progress=lambda *a: seen.append(a)) == 12_345
    assert Coupon.objects.filter(pool=pool, code__startswith="TEN").count() == 12_345
    assert seen == [(0, 12_345), (10_000, 12_345), (12_345, 12_345)]


def test_a_code_that_exists_is_replaced_by_another(now, monkeypatch):
    pool = PoolFactory(created_at=now)
    made = iter(["AAA", "BBB", "AAA", "CCC"])
    monkeypatch.setattr(pools, "new_code", lambda prefix: next(made))
    assert pools.generate_codes(pool, 1, now=now) == 1
    assert pools.generate_codes(pool, 2, now=now) == 2
    assert set(pool.coupons.values_list("code", flat=True)) == {"AAA", "BBB", "CCC"}


def test_assigning_shows_the_same_person_the_same_code_again(now, alice, bob):
    pool = PoolFactory(created_at=now, valid_hours=48)
    pools.generate_codes(pool, 3, now=now)
    first = pools.assign(pool, [alice.pk], reference="spring", now=now)
    again = pools.assign(pool, [bob.pk, alice.pk], reference="spring", now=now)
    assert again[alice.pk].code == first[alice.pk].code != again[bob.pk].code
    other = pools.assign(pool, [alice.pk], reference="autumn", now=now)
    assert other[alice.pk].code != first[alice.pk].code
    assert (first[alice.pk].expires_at - now).total_seconds() == 48 * 3600
    assert stock(pool, now=now) == Stock(codes=3, free=0, assigned=3, redeemed=0, out=3, generic=0)
    told = Event.objects.filter(type="coupon_assigned")
    assert sorted(told.values_list("customer_id", flat=True)) == sorted([alice.pk, alice.pk, bob.pk])


def test_without_codes_left_the_others_go_without(now, alice, bob):
    pool = PoolFactory(created_at=now)
    pools.generate_codes(pool, 1, now=now)
    given = pools.assign(pool, [alice.pk, bob.pk], reference="spring", now=now)
    assert len(given) == 1
    assert Coupon.objects.filter(customer__isnull=False).count() == 1


def test_a_generic_code_goes_to_everybody_and_stays_nobodys(now, alice, bob):
    pool = PoolFactory(created_at=now)
    assert pools.import_codes(pool, ["summer-20"], now=now, limit=1000) == 1
    given = pools.assign(pool, [alice.pk, bob.pk], reference="summer", now=now)
    assert {c.code for c in given.values()} == {"SUMMER20"}
    assert set(given) == {alice.pk, bob.pk}
    assert Coupon.objects.get().customer_id is None


def test_assigning_takes_the_same_number_of_queries_for_any_batch(
    now, make_customer, django_assert_num_queries
):
    pool = PoolFactory(created_at=now)
    pools.generate_codes(pool, 60, now=now)
    people = [make_customer(f"c{n}").pk for n in range(50)]
    pools.assign(pool, people, reference="spring", now=now)
    # Savepoint, lock, look.
    with django_assert_num_queries(4):
        assert len(pools.assign(pool, people, reference="spring", now=now)) == 50
