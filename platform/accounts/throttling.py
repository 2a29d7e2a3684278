"""Limits on how often a browser may call with a publishable key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request

from accounts.models import ApiKey
from core import clock
from core.encryption import keyed_hash
from core.throttling import WINDOW_SECONDS, KeyThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module by the settings


class CallThrottle(KeyThrottle):
    """Count calls per key, and those with a publishable key per client address first.

    One address that calls too often is held up before it uses what the key has left for the others. The
    address is counted under a keyed hash for two minutes and stands nowhere else.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Say whether the call is within both limits."""
        if isinstance(request.auth, ApiKey) and request.auth.is_publishable:
            seconds = clock.now().timestamp()
            self._left = WINDOW_SECONDS - seconds % WINDOW_SECONDS
            caller = keyed_hash("client-address", self.get_ident(request) or "")
            name = f"calls:{request.auth.pk}:{caller}:{int(seconds // WINDOW_SECONDS)}"
            try:
                cache.add(name, 0, timeout=2 * WINDOW_SECONDS)
                if cache.incr(name) > settings.PUBLISHABLE_CALLS_PER_MINUTE:
                    return False
            except (redis.RedisError, ValueError):  # away: nothing is held up, as for every key
                return True
        return super().allow_request(request, view)
