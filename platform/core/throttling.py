"""Limits on how often a key may call. Redis counts; without Redis nothing is held up.

Each answer says where the key stands: `RateLimit-Policy` and `RateLimit` as
draft-ietf-httpapi-ratelimit-headers-10 has them, and `RateLimit-Limit`, `-Remaining` and `-Reset` of its
drafts up to 06, which most clients read today.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core import clock

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module by the settings

WINDOW_SECONDS = 60

log = structlog.get_logger(__name__)

#: A worker's first calls come at once, and of two clients made for them the one that `cache` does not keep
#: would close its connections when it is collected, under the call that uses them.
_MAKING = threading.Lock()

#: So many calls are counted ahead in one round trip, and at most this part of the limit: what a process has
#: counted and does not use in its minute, nobody gets. Limits below 400 a minute are counted call by call.
AHEAD, AHEAD_SHARE = 20, 0.005


@dataclass(frozen=True, slots=True)
class Standing:
    """How many calls a key has left in this window, and when the next one begins, in seconds."""

    limit: int
    left: int
    reset: int

    def headers(self) -> dict[str, str]:
        """Return what an answer says of it."""
        return {
            "RateLimit-Policy": f'"key";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"key";r={self.left};t={self.reset}',
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.reset),
        }


class KeyThrottle(BaseThrottle):
    """Allow each API key `settings.API_CALLS_PER_MINUTE` calls in a minute of the clock.

    One counter a key and minute, and one round trip a call, or one for the next AHEAD of a process where the
    limit is high. The standing is left on the request for core.middleware.
    """

    _left = 0.0
    beside: Sequence[int] = ()

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the call and say whether it is within the limit."""
        if request.auth is None:
            return True  # refused elsewhere
        return self.admit(request, str(request.auth.pk), settings.API_CALLS_PER_MINUTE)

    def admit(self, request: Request, name: str, limit: int, beside: Sequence[str] = ()) -> bool:
        """Count the call under a name and say whether the minute has room for it.

        `beside` are further counters; what they stand at is left in `self.beside`, where Redis answers.
        """
        now = clock.now()
        self._left = WINDOW_SECONDS - now.timestamp() % WINDOW_SECONDS
        try:
            if beside:
                calls, self.beside = count_and_read(name, now, beside)
            else:
                calls = count_ahead(name, now, min(AHEAD, int(limit * AHEAD_SHARE)))
        except redis.RedisError:
            log.warning("throttle_unavailable")
            return True
        _remember(request._request, Standing(limit, max(limit - calls, 0), math.ceil(self._left)))
        return bool(calls <= limit)

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return self._left


def standing_of(request: HttpRequest) -> Standing | None:
    """Return where the caller's key stands after this call, or None where nothing was counted."""
    return getattr(request, "_key_standing", None)


def _remember(request: HttpRequest, standing: Standing) -> None:
    """Keep the narrowest of the limits that the call counts under."""
    known = standing_of(request)
    if known is None or standing.left < known.left:
        request._key_standing = standing  # type: ignore[attr-defined]


#: Numbers of calls that this process has counted and not used: by name, from one to another of a minute.
_ahead: dict[str, tuple[int, int, int]] = {}
_TAKING = threading.Lock()


def count_ahead(name: str, now: datetime, ahead: int) -> int:
    """Count a call under a name and return which of the minute it is. Raises RedisError.

    One round trip for `ahead` calls of this process. No two calls get one number, so never do more get
    through than the limit; alone, a process counts without a gap.
    """
    if ahead < 2:
        return count(name, now)
    minute = _minute(now)
    with _TAKING:
        kept, number, last = _ahead.get(name, (minute, 1, 0))
        if kept == minute and number <= last:
            _ahead[name] = (minute, number + 1, last)
            return number
    last = count(name, now, ahead)
    number = last - ahead + 1
    with _TAKING:
        if len(_ahead) >= _MOST_NAMES:
            _ahead.clear()
        _ahead[name] = (minute, number + 1, last)
    return number


_MOST_NAMES = 1000


def count(name: str, now: datetime, calls: int = 1) -> int:
    """Count calls under a name and return how many the minute has had. One round trip; raises RedisError."""
    return count_and_read(name, now, (), calls)[0]


def count_and_read(name: str, now: datetime, beside: Sequence[str], calls: int = 1) -> tuple[int, list[int]]:
    """Count as `count` does, and return beside it where other counters stand. One round trip, too."""
    key = f"calls:{name}:{_minute(now)}"
    with counters().pipeline(transaction=False) as pipe:
        pipe.incrby(key, calls)
        pipe.expire(key, 2 * WINDOW_SECONDS)
        if beside:
            pipe.mget(beside)
        stands, _set, *read = pipe.execute()
    return int(stands), [int(value or 0) for value in read[0]] if read else []


def _minute(now: datetime) -> int:
    return int(now.timestamp() // WINDOW_SECONDS)


def counters() -> redis.Redis:
    """Return this process's connection to where calls are counted."""
    with _MAKING:
        return _redis(settings.CACHES["default"]["LOCATION"])


@cache
def _redis(address: str) -> redis.Redis:
    return redis.Redis.from_url(address, socket_timeout=2, socket_connect_timeout=2)
