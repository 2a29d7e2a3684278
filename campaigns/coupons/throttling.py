"""Codes are not to be guessed: misses are counted, hits are not."""

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


class GuessThrottle(SimpleRateThrottle):
    """Refuse a key for a while after too many codes that do not exist.

    A busy till is never slowed down: only misses count. At 60 a minute, a pool of a million codes is
    met once in 300 years.
    """

    scope = "coupons"
    rate = "60/min"
    num_requests: int
    duration: int

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Count by API key."""
        return str(self.cache_format % {"scope": self.scope, "ident": getattr(request.auth, "prefix", "")})

    def throttle_success(self) -> bool:
        """Let the call through without counting it."""
        return True

    def count_miss(self, request: Request, view: APIView) -> None:
        """Note that a call named a code that does not exist."""
        key = self.get_cache_key(request, view)
        now = self.timer()
        recent = [at for at in self.cache.get(key, []) if at > now - self.duration]
        self.cache.set(key, [now, *recent][: self.num_requests], self.duration)
