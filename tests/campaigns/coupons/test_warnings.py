"""Pools that run dry, codes that run out, and partners' files."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from campaigns.coupons import jobs, pools, warnings
from campaigns.coupons.models import Coupon, PoolWarning
from delivery.endpoints.hooks import deliver
from delivery.models import Hook, HookCall
from tests.delivery.providers import serve
from tests.factories.coupons import CouponFactory, PoolFactory
from tests.factories.promotions import PromotionFactory

pytestmark = pytest.mark.django_db


def looked(now):
    return sorted((w.kind, w.count) for w in warnings.look(now=now))


def test_a_pool_is_warned_of_once_until_it_is_filled_again(now, alice):
    pool = PoolFactory(created_at=now, low_stock=10)
    pools.generate_codes(pool, 10, now=now)
    assert looked(now) == []
    pools.assign(pool, [alice.pk], reference="a", now=now)
    assert looked(now) == [("low", 9)]
    assert looked(now) == []
    pools.generate_codes(pool, 5, now=now)
    assert (looked(now), PoolWarning.objects.count()) == ([], 0)
    PoolFactory(created_at=now, low_stock=10)  # empty: nobody has filled it yet
    generic = PoolFactory(created_at=now, low_stock=10)
    pools.import_codes(generic, ["ALL"], now=now, limit=5)
    assert looked(now) == []


def test_codes_and_promotions_that_are_about_to_end(now, alice):
    pool = PoolFactory(created_at=now, valid_hours=100, low_stock=0)
    pools.generate_codes(pool, 2, now=now)
    pools.assign(pool, [alice.pk], reference="a", now=now)
    assert looked(now + timedelta(hours=27)) == []
    assert looked(now + timedelta(hours=28)) == [("expiring", 1)]
    assert looked(now + timedelta(hours=100)) == []
    assert PoolWarning.objects.count() == 0
    promotion = PromotionFactory(created_at=now, ends_at=now + timedelta(days=3))
    CouponFactory(
        created_at=now, customer=alice, pool=PoolFactory(promotion=promotion, created_at=now, low_stock=0)
    )
    assert looked(now) == [("ending", 1)]


def test_a_file_is_taken_over_and_removed(now):
    pool = PoolFactory(created_at=now)
    name = default_storage.save(
        "codes.txt", ContentFile('\ufeffaa-11\r\nAA11\r\n\r\n"bb22"\r\nnein!\r\n'.encode())
    )
    seen = []
    told = jobs.take_over({"pool": str(pool.pk), "file": name}, now, lambda *a: seen.append(a))
    assert told == {
        "added": 2, "duplicates": 1,
        "invalid": [{"line": 5, "error": "A code has letters from A to Z and digits only."}],
    }  # fmt: skip
    assert set(Coupon.objects.values_list("code", flat=True)) == {"AA11", "BB22"}
    assert seen[-1] == (4,)
    assert not default_storage.exists(name)


def test_partners_are_told_signed_and_again_until_they_have_it(now, settings, alice):
    settings.DELIVERY_PRIVATE_HOSTS = ["127.0.0.1"]
    pool = PoolFactory(created_at=now, low_stock=5)
    pools.generate_codes(pool, 1, now=now)
    answers = [500, 200]
    with serve(lambda *call: (answers.pop(0), {}, {})) as server:
        wanted = {"secret": "s" * 16, "created_at": now, "url": server.url}
        Hook.objects.create(name="shop", topics=["pool.warning"], **wanted)
        Hook.objects.create(name="other", topics=["coupon.redeemed"], **wanted)
        Hook.objects.create(name="off", topics=["pool.warning"], is_active=False, **wanted)
        assert looked(now) == [("low", 1)]
        assert deliver(now=now) == 0
        assert deliver(now=now + timedelta(seconds=9)) == 0
        assert deliver(now=now + timedelta(minutes=2)) == 1
        assert deliver(now=now + timedelta(days=1)) == 0
    assert len(server.calls) == 2
    assert server.calls[0][2] == server.calls[1][2]
    _path, headers, body = server.calls[1]
    assert b'"pool.warning"' in body
    assert headers["X-Rapport-Signature"].startswith("v1=")
    assert HookCall.objects.get().attempts == 2
