"""Public ids."""

from datetime import UTC, datetime
from uuid import UUID

import uuid6


def uuid7() -> UUID:
    """Return a UUIDv7 (RFC 9562): random, and ordered by its time of making."""
    return uuid6.uuid7()


def uuid7_moment(value: UUID) -> datetime:
    """Return the millisecond at which a UUIDv7 was made."""
    return datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
