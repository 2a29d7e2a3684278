"""Pairs of customers who seem to be one person."""

from collections.abc import Iterable
from datetime import datetime

from customers.models import MergeProposal


def propose(pairs: Iterable[tuple[int, int | None, str]], now: datetime) -> None:
    """Note that two customers came with the same identifier of a kind, once per pair. One query.

    A pair that somebody declared to be two people is not proposed again.
    """
    found = {(min(a, b), max(a, b)): kind for a, b, kind in pairs if b is not None and a != b}
    if found:
        MergeProposal.objects.bulk_create(
            (
                MergeProposal(first_id=a, second_id=b, kind=kind, created_at=now)
                for (a, b), kind in sorted(found.items())
            ),
            ignore_conflicts=True,
        )
