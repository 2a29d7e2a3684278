"""Limits on how often a browser may call with a publishable key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import redis
from django.conf import settings
from rest_framework.request import Request

from accounts.models import ApiKey
from core.callers import client_address
from core.encryption import keyed_hash
from core.throttling import KeyThrottle, count

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module by the settings


class CallThrottle(KeyThrottle):
    """Count calls per key, and those with a publishable key per client address too."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Say whether the call is within both limits."""
        if isinstance(request.auth, ApiKey) and request.auth.is_publishable:
            key = str(request.auth.pk)
            # An address that calls too often is held up before it uses what the key has left for the others.
            return self.admit(
                request,
                keyed_hash("caller", f"{key}:{client_address(request)}"),
                settings.PUBLISHABLE_CALLS_PER_MINUTE,
            ) and self.admit(request, key, settings.PUBLISHABLE_KEY_CALLS_PER_MINUTE)
        return super().allow_request(request, view)


def within(name: str, limit: int, now: datetime) -> bool:
    """Count a call under a name, such as a client's address, and say whether the minute has room for it.

    The name is kept as a keyed hash, for two minutes. Without Redis nothing is held up.
    """
    try:
        return count(keyed_hash("caller", name), now) <= limit
    except redis.RedisError:
        return True
