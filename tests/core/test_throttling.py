"""The counting of calls, of which every other part of a call knows nothing."""

import time
from concurrent.futures import ThreadPoolExecutor

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
