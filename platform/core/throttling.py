"""Limits on how often a key may call. Redis counts; without Redis nothing is held up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis
import structlog
from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core import clock

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module by the settings

WINDOW_SECONDS = 60

log = structlog.get_logger(__name__)


class KeyThrottle(BaseThrottle):
    """Allow each API key `settings.API_CALLS_PER_MINUTE` calls in a minute of the clock.

    One counter a key and minute, so it costs two round trips however high the limit.
    """

    _left = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the call and say whether it is within the limit."""
        if request.auth is None:
            return True  # refused elsewhere
        seconds = clock.now().timestamp()
        self._left = WINDOW_SECONDS - seconds % WINDOW_SECONDS
        key = f"calls:{request.auth.pk}:{int(seconds // WINDOW_SECONDS)}"
        try:
            cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
            return bool(cache.incr(key) <= settings.API_CALLS_PER_MINUTE)
        except (redis.RedisError, ValueError):  # away, or the counter was lost between the two calls
            log.warning("throttle_unavailable")
            return True

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return self._left
