"""Websites that may use a publishable key: the origins of CORS (Fetch standard, section 3.2)."""

import re
from urllib.parse import urlsplit

import redis
import structlog
from django.core.cache import cache
from django.http import HttpRequest

from accounts.models import ApiKey

log = structlog.get_logger(__name__)

_STANDARD_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9._:-]+")
_CACHE_KEY = "accounts:origins"
# A key that another process changes is known everywhere after so many seconds.
_CACHE_SECONDS = 60


def normalise(text: str) -> str:
    """Return an origin as browsers write it: scheme, host and a port that is not the scheme's own.

    Raises ValueError with a sentence for anything else, a path and the word “null” among it.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise ValueError(_sentence(text)) from None
    extra = parts.path.rstrip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in _STANDARD_PORTS or not _HOST.fullmatch(host) or extra:
        raise ValueError(_sentence(text))
    host = f"[{host}]" if ":" in host else host
    own = port and port != _STANDARD_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if own else "")


def _sentence(text: str) -> str:
    return f"“{text.strip()[:100]}” is not a website's address. Write it like https://shop.example."


def is_known(origin: str) -> bool:
    """Say whether any key allows the origin. One look into the cache, at most a query a minute."""
    try:
        known = cache.get(_CACHE_KEY)
        if known is None:
            known = _stored()
            cache.set(_CACHE_KEY, known, _CACHE_SECONDS)
    except redis.RedisError:
        known = _stored()
    return origin in known


def forget() -> None:
    """Have the origins read anew: a key was made or shut."""
    try:
        cache.delete(_CACHE_KEY)
    except redis.RedisError:
        log.warning("origins_not_forgotten")  # they are after a minute


def may_use(key: ApiKey, request: HttpRequest) -> bool:
    """Say whether the request's page may use a publishable key.

    Pages of our own host may. A request without an origin does not come from a foreign page: browsers
    name the origin on every POST and on every call across origins that carries a key.
    """
    origin = request.headers.get("Origin")
    if origin is None or origin in key.allowed_origins:
        return True
    return origin == f"{request.scheme}://{request.get_host()}"


def _stored() -> list[str]:
    lists = ApiKey.objects.filter(kind=ApiKey.Kind.PUBLISHABLE, revoked_at=None).values_list(
        "allowed_origins", flat=True
    )
    return sorted({origin for origins in lists for origin in origins})
