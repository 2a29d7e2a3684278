"""Ask a worker to refresh segments, once the caller's transaction has been committed."""

from functools import partial

from django.db import transaction

from segments.tasks import refresh_segments


def refresh(slug: str) -> None:
    """Count a segment that was saved just now."""
    transaction.on_commit(partial(refresh_segments.delay, slugs=[slug]))
