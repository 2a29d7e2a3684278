"""Limits on how often a browser may call with a publishable key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request

from accounts.models import ApiKey
from core import clock
from core.callers import client_address
from core.encryption import keyed_hash
from core.throttling import WINDOW_SECONDS, KeyThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module by the settings


class CallThrottle(KeyThrottle):
    """Count calls per key, and those with a publishable key per client address too."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Say whether the call is within both limits."""
        if isinstance(request.auth, ApiKey) and request.auth.is_publishable:
            now = clock.now()
            self._left = WINDOW_SECONDS - now.timestamp() % WINDOW_SECONDS
            key = str(request.auth.pk)
            # An address that calls too often is held up before it uses what the key has left for the others.
            return within(
                f"{key}:{client_address(request)}", settings.PUBLISHABLE_CALLS_PER_MINUTE, now
            ) and within(key, settings.PUBLISHABLE_KEY_CALLS_PER_MINUTE, now)
        return super().allow_request(request, view)


def within(name: str, limit: int, now: datetime) -> bool:
    """Count a call under a name, such as a client's address, and say whether the minute has room for it.

    The name is kept as a keyed hash, for two minutes. Without Redis nothing is held up.
    """
    minute = int(now.timestamp() // WINDOW_SECONDS)
    key = f"calls:{keyed_hash('caller', name)}:{minute}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        return bool(cache.incr(key) <= limit)
    except (redis.RedisError, ValueError):  # away, or the counter was lost between the two calls
        return True
