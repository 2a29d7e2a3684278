"""Codes are not to be guessed: misses are counted, hits are not."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import redis
import structlog
from rest_framework.request import Request

from core.throttling import KeyThrottle, counters

log = structlog.get_logger(__name__)

SECONDS = 60
#: Misses a minute: of one shopper (a customer, an address), of calls that name none, of a key in all.
PER_SHOPPER, UNNAMED, PER_KEY = 10, 60, 300


class GuessThrottle(KeyThrottle):
    """Count the key's calls, and refuse codes for a minute after too many that do not exist.

    A busy till is never slowed down: only misses count. Who names the shopper (`customer`, `shopper_ip`)
    has only that shopper held up, so nobody can shut the shop's till by guessing. At 300 a minute, the
    first of a million codes among 2.6 × 10¹³ is met after about 60 days without a pause. The counters are
    Redis's own, so calls at once all count; without Redis nothing is held up.
    """

    _guessed = False

    def admit(self, request: Request, name: str, limit: int, beside: Sequence[str] = ()) -> bool:
        """Count the call, and look at the misses of the last minute in the same round trip."""
        limits = _limits(request)
        allowed = super().admit(request, name, limit, [*limits])
        self._guessed = any(n >= most for n, most in zip(self.beside, limits.values(), strict=False))
        return allowed and not self._guessed

    def wait(self) -> float:
        """Return after how many seconds the next call may be made, at most."""
        return SECONDS if self._guessed else super().wait()

    def count_miss(self, request: Request) -> None:
        """Note that a call named a code that does not exist."""
        try:
            # By one clock: a counter that ran out in between would come back without an end.
            with counters().pipeline(transaction=True) as pipe:
                for key in _limits(request):
                    pipe.set(key, 0, ex=SECONDS, nx=True)
                    pipe.incr(key)
                pipe.execute()
        except redis.RedisError:
            log.warning("throttle_unavailable")


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
