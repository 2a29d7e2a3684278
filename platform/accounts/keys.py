"""API keys: made once, shown once, kept as a hash. Publishable ones are public and kept as they are."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts import origins
from accounts.models import PUBLISHABLE_SCOPES, ApiKey, User

PREFIX_CHARS = 8
#: How long a key that was rotated goes on beside its successor.
OVERLAP = timedelta(hours=24)
# Writing the time of each call would make every read a write.
_USED_EVERY = timedelta(minutes=1)
# A busy caller's key is not read anew at each call. Nothing of a key ever changes but its end, so a key that
# another process shuts opens nothing after so long; the process that shuts it forgets it at once.
_REMEMBERED_FOR = timedelta(seconds=10)
_REMEMBERED_KEYS = 1000
_PREFIXES = {ApiKey.Kind.SECRET: "rp_", ApiKey.Kind.PUBLISHABLE: "rpp_"}


def create_key(
    *,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    user: User | None = None,
    kind: str = ApiKey.Kind.SECRET,
    allowed_origins: Iterable[str] = (),
    trusted: bool = False,
) -> tuple[ApiKey, str]:
    """Store a new key and return it with its text, which cannot be shown again when it is secret.

    Raises ValueError with a sentence for a scope that a publishable key cannot carry, or an address that
    is no origin.
    """
    kind = ApiKey.Kind(kind)
    publishable = kind == ApiKey.Kind.PUBLISHABLE
    if publishable and (excess := set(scopes) - set(PUBLISHABLE_SCOPES)):
        raise ValueError(
            f"A publishable key cannot carry {', '.join(sorted(excess))}: everybody can read it."
        )
    prefix = _PREFIXES[kind] + secrets.token_hex(PREFIX_CHARS // 2)
    text = f"{prefix}.{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name,
        kind=kind,
        prefix=prefix,
        hash=_hash(text),
        scopes=sorted(scopes),
        allowed_origins=sorted({origins.normalise(o) for o in allowed_origins}) if publishable else [],
        trusted=trusted and publishable,
        public_key=text if publishable else "",
        created_by=user,
        created_at=now,
    )
    origins.forget()
    return key, text


def rotate_key(key: ApiKey, *, now: datetime, user: User | None = None) -> tuple[ApiKey, str]:
    """Make a successor with the same rights; the old key goes on for OVERLAP, so that nobody is cut off."""
    successor, text = create_key(
        name=key.name,
        scopes=key.scopes,
        now=now,
        user=user,
        kind=key.kind,
        allowed_origins=key.allowed_origins,
        trusted=key.trusted,
    )
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now + OVERLAP)
    _known.pop(key.prefix, None)
    return successor, text


def revoke_key(key: ApiKey, now: datetime) -> bool:
    """Shut a key and say whether it was open. It is dead here at once, in other processes within 10 s."""
    shut = living(now).filter(pk=key.pk).update(revoked_at=now)
    _known.pop(key.prefix, None)
    origins.forget()
    return bool(shut)


def note_first_event(key: ApiKey, now: datetime) -> None:
    """Keep when the key's first event was taken. Nothing is written from the second one on."""
    if key.first_event_at is None:
        ApiKey.objects.filter(pk=key.pk, first_event_at=None).update(first_event_at=now)
        key.first_event_at = now


def living(now: datetime) -> QuerySet[ApiKey]:
    """Return the keys that open something at a moment."""
    return ApiKey.objects.filter(Q(revoked_at=None) | Q(revoked_at__gt=now))


def verify_key(secret: str, now: datetime) -> ApiKey | None:
    """Return the living key that the secret belongs to, or None. One query by prefix, at most one in 10 s."""
    prefix, dot, _ = secret.partition(".")
    if not dot or "\0" in secret:
        return None
    key = _remembered(prefix, now) or living(now).filter(prefix=prefix).first()
    if key is None or not hmac.compare_digest(key.hash, _hash(secret)):
        return None
    if len(_known) >= _REMEMBERED_KEYS:
        _known.clear()
    _known.setdefault(prefix, (now, key))
    if key.last_used_at is None or now - key.last_used_at > _USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        key.last_used_at = now
    return key


#: Keys that opened something lately, by prefix, with the moment they were read.
_known: dict[str, tuple[datetime, ApiKey]] = {}


def _remembered(prefix: str, now: datetime) -> ApiKey | None:
    read_at, key = _known.get(prefix, (None, None))
    if key is None or read_at is None:
        return None
    if timedelta(0) <= now - read_at < _REMEMBERED_FOR and (key.revoked_at is None or key.revoked_at > now):
        return key
    _known.pop(prefix, None)
    return None


def _hash(secret: str) -> str:
    # The secret has 256 random bits, so a plain hash is enough: there is nothing to guess.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
