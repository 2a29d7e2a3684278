"""Codes are not to be guessed: misses are counted, hits are not."""

import redis
import structlog
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

log = structlog.get_logger(__name__)


class GuessThrottle(SimpleRateThrottle):
    """Refuse a key for a while after too many codes that do not exist.

    A busy till is never slowed down: only misses count. At 60 a minute, the first of a million codes
    among 2.6 × 10¹³ is met after about 0.8 years of guessing without a pause. Without Redis nothing is
    held up.
    """

    scope = "coupons"
    rate = "60/min"
    num_requests: int
    duration: int

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Count by API key."""
        return str(self.cache_format % {"scope": self.scope, "ident": getattr(request.auth, "prefix", "")})

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Look at the misses of the last minute; a call itself is not counted."""
        try:
            return bool(super().allow_request(request, view))
        except redis.RedisError:
            log.warning("throttle_unavailable")
            return True

    def throttle_success(self) -> bool:
        """Let the call through without counting it."""
        return True

    def count_miss(self, request: Request, view: APIView) -> None:
        """Note that a call named a code that does not exist."""
        key, now = self.get_cache_key(request, view), self.timer()
        try:
            recent = [at for at in self.cache.get(key, []) if at > now - self.duration]
            self.cache.set(key, [now, *recent][: self.num_requests], self.duration)
        except redis.RedisError:
            log.warning("throttle_unavailable")
