"""Public ids."""

from uuid import UUID

import uuid6


def uuid7() -> UUID:
    """Return a UUIDv7 (RFC 9562): random, and ordered by its time of making."""
    return uuid6.uuid7()
