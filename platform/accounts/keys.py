"""API keys: made once, shown once, kept as a hash."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.models import ApiKey, User

PREFIX_CHARS = 8
# Writing the time of each call would make every read a write.
_USED_EVERY = timedelta(minutes=1)


def create_key(
    *, name: str, scopes: Iterable[str], now: datetime, user: User | None = None
) -> tuple[ApiKey, str]:
    """Store a new key and return it with its secret, which cannot be shown again."""
    prefix = "rp_" + secrets.token_hex(PREFIX_CHARS // 2)
    secret = f"{prefix}.{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name, prefix=prefix, hash=_hash(secret), scopes=sorted(scopes), created_by=user, created_at=now
    )
    return key, secret


def verify_key(secret: str, now: datetime) -> ApiKey | None:
    """Return the living key that the secret belongs to, or None. One query by prefix."""
    prefix, dot, _ = secret.partition(".")
    if not dot or "\0" in secret:
        return None
    key = ApiKey.objects.filter(prefix=prefix, revoked_at=None).first()
    if key is None or not hmac.compare_digest(key.hash, _hash(secret)):
        return None
    if key.last_used_at is None or now - key.last_used_at > _USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _hash(secret: str) -> str:
    # The secret has 256 random bits, so a plain hash is enough: there is nothing to guess.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
