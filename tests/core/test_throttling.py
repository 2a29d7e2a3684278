"""The counting of calls, of which every other part of a call knows nothing."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count as numbers

import redis

from core import clock, throttling


def test_the_first_calls_of_a_process_share_one_client(monkeypatch):
    now = clock.now()
    made, real = [], redis.Redis.from_url

    def slowly(*args, **kwargs):
        made.append(args)
        time.sleep(0.05)
        return real(*args, **kwargs)

    throttling._redis.cache_clear()
    monkeypatch.setattr(redis.Redis, "from_url", slowly)
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: throttling.count("first", now), range(8)))
    assert sorted(counts) == list(range(1, 9))
    assert len(made) == 1


def test_calls_counted_ahead_get_their_numbers_one_after_the_other():
    now, name = clock.now(), f"alone-{next(_names)}-{clock.now()}"
    assert [throttling.count_ahead(name, now, 20) for _ in range(50)] == list(range(1, 51))
    # Three round trips counted them.
    assert throttling.count(name, now) == 61


def test_no_number_is_given_twice_whoever_counts(monkeypatch):
    now, name = clock.now(), f"both-{next(_names)}-{clock.now()}"
    here, there = {}, {}
    given = []
    for turn in range(60):
        monkeypatch.setattr(throttling, "_ahead", here if turn % 2 else there)
        given.append(throttling.count_ahead(name, now, 20))
    assert len(set(given)) == 60
    assert max(given) <= 80
    with ThreadPoolExecutor(8) as pool:
        given += pool.map(lambda _: throttling.count_ahead(name, now, 20), range(200))
    assert len(set(given)) == 260


def test_the_next_minute_begins_anew():
    now, name = clock.now(), f"minute-{next(_names)}-{clock.now()}"
    assert throttling.count_ahead(name, now, 20) == 1
    assert throttling.count_ahead(name, now + timedelta(minutes=1), 20) == 1


_names = numbers()
