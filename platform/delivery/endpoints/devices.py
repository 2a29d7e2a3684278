"""Devices that take push messages."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from core.encryption import encrypt, keyed_hash
from delivery.models import PushToken

_REGISTER = """
INSERT INTO delivery_pushtoken (customer_id, platform, token, token_hash, registered_at)
VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (token_hash) DO UPDATE
   SET customer_id = excluded.customer_id, platform = excluded.platform,
       registered_at = excluded.registered_at, gone_at = NULL
"""


def register(customer_id: int, token: str, platform: str, *, now: datetime) -> None:
    """Let a device take the customer's messages; it no longer takes those of whoever had it before."""
    with connection.cursor() as cursor:
        cursor.execute(_REGISTER, [customer_id, platform, encrypt(token), hash_of(token), now])


def unregister(customer_id: int, token: str) -> bool:
    """Take a device away from the customer, as after a sign-out. Return whether it was theirs."""
    gone, _ = PushToken.objects.filter(customer=customer_id, token_hash=hash_of(token)).delete()
    return bool(gone)


def living_tokens(customer_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return for each customer the tokens by their hashes. One query."""
    found: dict[int, dict[str, str]] = {}
    rows = PushToken.objects.filter(customer__in=list(customer_ids), gone_at=None).order_by("pk")
    for row in rows:
        found.setdefault(row.customer_id, {})[row.token_hash] = row.token
    return found


def forget(token_hashes: Sequence[str], *, now: datetime) -> None:
    """Stop using tokens that the provider knows no longer."""
    if token_hashes:
        PushToken.objects.filter(token_hash__in=token_hashes, gone_at=None).update(gone_at=now)


def hash_of(token: str) -> str:
    """Return the keyed hash under which a token is found."""
    return keyed_hash("push_token", token)
