"""Codes are not to be guessed: misses are counted, hits are not."""

import hashlib
from collections.abc import Mapping
from typing import Any

import redis
import structlog
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

log = structlog.get_logger(__name__)

SECONDS = 60
#: Misses a minute: of one shopper (a customer, an address), of calls that name none, of a key in all.
PER_SHOPPER, UNNAMED, PER_KEY = 10, 60, 300


class GuessThrottle(BaseThrottle):
    """Refuse codes for a minute after too many that do not exist.

    A busy till is never slowed down: only misses count. Who names the shopper (`customer`, `shopper_ip`)
    has only that shopper held up, so nobody can shut the shop's till by guessing. At 300 a minute, the
    first of a million codes among 2.6 × 10¹³ is met after about 60 days without a pause. The counters are
    Redis's own, so calls at once all count; without Redis nothing is held up.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Look at the misses of the last minute; a call itself is not counted."""
        limits = _limits(request)
        try:
            counts = cache.get_many(list(limits))
        except redis.RedisError:
            log.warning("throttle_unavailable")
            return True
        return all(counts.get(key, 0) < most for key, most in limits.items())

    def wait(self) -> float:
        """Return after how many seconds the next call may be made, at most."""
        return SECONDS

    def count_miss(self, request: Request) -> None:
        """Note that a call named a code that does not exist."""
        try:
            for key in _limits(request):
                cache.add(key, 0, SECONDS)
                cache.incr(key)
        except redis.RedisError:
            log.warning("throttle_unavailable")
        except ValueError:  # it ran out in between
            pass


def _limits(request: Request) -> dict[str, int]:
    """Return how many misses each counter of this call may have."""
    prefix = f"guesses:{getattr(request.auth, 'prefix', '')}"
    body = request.data if isinstance(request.data, Mapping) else {}
    shopper = {
        f"{prefix}:{name}:{_plain(body.get(name))}": PER_SHOPPER
        for name in ("customer", "shopper_ip")
        if body.get(name)
    }
    return {f"{prefix}:all": PER_KEY, **(shopper or {f"{prefix}:unnamed": UNNAMED})}


def _plain(value: Any) -> str:
    # Whatever was sent, half a surrogate pair or a book: a key of the cache is short and plain.
    return hashlib.sha256(repr(value).encode(errors="surrogatepass")).hexdigest()[:32]
