"""The audit log: who changed what. Chained by hash, so that a removed or edited entry shows."""

import hashlib
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, models, transaction

from accounts.models import AuditEntry, User

# Appending is serial: an entry's hash covers the one before it.
_LOCK = 0x4155_4449


def record(
    *,
    action: str,
    target: models.Model,
    now: datetime,
    user: User | None = None,
    actor: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append an entry in the caller's transaction.

    `actor` names who acts without a user: a key's name or a task's. Values must be plain JSON and
    hold no personal data or secrets.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = AuditEntry.objects.order_by("-id").values_list("hash", flat=True).first() or ""
        entry = AuditEntry(
            at=now,
            user=user,
            actor=actor or (user.get_username() if user else "system"),
            action=action,
            object_type=target._meta.label,
            object_id=str(target.pk),
            object_name=str(target)[:200],
            before=before,
            after=after,
            previous_hash=last,
        )
        entry.hash = entry_hash(entry)
        entry.save(force_insert=True)
        return entry


def entry_hash(entry: AuditEntry) -> str:
    """Return the SHA-256 over the entry's content and the hash before it."""
    content = [
        entry.previous_hash,
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.before,
        entry.after,
    ]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def first_broken() -> AuditEntry | None:
    """Return the first entry that does not fit the chain, or None when all fit. Reads the whole log."""
    previous = ""
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=2000):
        if entry.previous_hash != previous or entry.hash != entry_hash(entry):
            return entry
        previous = entry.hash
    return None
