"""Token buckets: exact, whoever else asks at the same time."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from delivery.models import Bucket
from delivery.outbox.pace import buckets
from delivery.outbox.pace.limits import Limit, of_domain

pytestmark = pytest.mark.django_db(transaction=True)

TEN = Limit("a", rate=10, burst=20)


def seconds(n):
    return timedelta(seconds=n)


def granted(limit, wanted, now):
    return buckets.take({limit: wanted}, now=now)[limit.name].granted


def test_a_bucket_begins_full_refills_at_its_rate_and_overflows_at_its_burst(now):
    assert granted(TEN, 50, now) == 20
    assert granted(TEN, 1, now) == 0
    assert granted(TEN, 50, now + seconds(0.55)) == 5
    assert granted(TEN, 50, now + seconds(0.6)) == 1
    assert granted(TEN, 50, now + seconds(3600)) == 20


def test_a_clock_that_goes_backwards_gives_nothing_away(now):
    assert granted(TEN, 20, now) == 20
    assert granted(TEN, 20, now - seconds(60)) == 0
    assert granted(TEN, 20, now + seconds(1)) == 10


def test_tokens_that_were_not_needed_go_back_up_to_the_burst(now):
    granted(TEN, 20, now)
    buckets.give_back(TEN, 7)
    assert buckets.there(TEN, now=now) == 7
    buckets.give_back(TEN, 700)
    assert granted(TEN, 100, now) == 20


def test_when_tokens_come_is_told_so_that_they_are_there_then(now):
    assert buckets.there(TEN, now=now) == 20
    granted(TEN, 20, now)
    at = buckets.refilled_at(TEN, 3, now=now)
    assert at == now + seconds(0.3)
    assert granted(TEN, 9, at) == 3


def test_those_who_wait_get_moments_one_after_the_other_across_calls(now):
    limit = Limit("slow", rate=2, burst=2)
    first = buckets.take({limit: 5}, now=now, promise=True)["slow"]
    assert first.granted == 2
    assert [first.slot(k) - now for k in (1, 2, 3)] == [seconds(0.5), seconds(1), seconds(1.5)]
    second = buckets.take({limit: 2}, now=now, promise=True)["slow"]
    assert (second.granted, second.slot(1) - now) == (0, seconds(2))
    # The promise is kept: who comes at the promised moments finds a token each time.
    assert [granted(limit, 1, first.slot(k)) for k in (1, 2, 3)] == [1, 1, 1]


def test_rivals_never_get_a_token_twice_and_never_lock_each_other_out(now):
    limits = [Limit(name, rate=1, burst=100) for name in "abc"]
    barrier = threading.Barrier(6)
    taken = []

    def rival(order):
        barrier.wait()
        for _ in range(10):
            taken.append({n: g.granted for n, g in buckets.take(dict.fromkeys(order, 3), now=now).items()})
        connection.close()

    threads = [threading.Thread(target=rival, args=[limits[i % 3 :] + limits[: i % 3]]) for i in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert {name: sum(t[name] for t in taken) for name in "abc"} == {"a": 100, "b": 100, "c": 100}
    assert set(Bucket.objects.values_list("tokens", flat=True)) == {0}


def test_one_full_bucket_does_not_open_the_others(now):
    assert buckets.take({TEN: 20, Limit("b", 1, 1): 5}, now=now)["b"].granted == 1
    found = buckets.take({TEN: 20, Limit("c", 1, 3): 5}, now=now)
    assert (found["a"].granted, found["c"].granted) == (0, 3)


def test_idle_buckets_are_forgotten_and_busy_ones_are_not(now):
    granted(TEN, 1, now - timedelta(days=3))
    granted(Limit("b", 1, 1), 1, now)
    assert buckets.drop_idle(now=now) == 1
    assert Bucket.objects.get().name == "b"


def test_a_domain_has_its_own_limit_or_that_of_all_others(settings):
    settings.DELIVERY_DOMAIN_RATES = {"qq.com": 5}
    assert of_domain("qq.com") == Limit("domain:qq.com", 5, 5)
    assert of_domain("example.com") is None
    settings.DELIVERY_DOMAIN_RATES = {"qq.com": 5, "*": 0.5}
    assert of_domain("example.com") == Limit("domain:example.com", 0.5, 1)
