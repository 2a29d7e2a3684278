"""Records by what an address or a query names them with."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Manager, Model, QuerySet
from django.shortcuts import get_object_or_404

M = TypeVar("M", bound=Model)


def by_uuid(records: type[M] | Manager[M] | QuerySet[M], text: str) -> M:
    """Return the record with this UUID. Raises Http404 for another one and for what is no UUID at all."""
    key: UUID | None
    try:
        key = UUID(text)
    except ValueError:
        key = None  # no record has it, which is told in the same words
    found: M = get_object_or_404(records, pk=key)
    return found
