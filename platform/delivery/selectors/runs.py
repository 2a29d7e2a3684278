"""How far runs are."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from delivery.models import Message, MessageState, Run


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The eight parts of a run's audience; they add up to it at every moment."""

    audience: int
    pending: int
    claimed: int
    sending: int
    sent: int
    failed: int
    skipped: int
    held_out: int
    uncertain: int

    @property
    def missed(self) -> int:
        """Return how many were not reached, or perhaps not."""
        return self.failed + self.skipped + self.uncertain


def breakdown(run_ids: Iterable[UUID]) -> dict[UUID, Breakdown]:
    """Return the parts of each run that exists. One query, hence one moment."""
    parts = {str(state): Count("messages__id", filter=Q(messages__state=state)) for state in MessageState}
    rows = Run.objects.filter(pk__in=list(run_ids)).order_by().values_list("pk", "audience")
    return {
        pk: Breakdown(*figures)
        for pk, *figures in rows.annotate(**parts).values_list("pk", "audience", *parts)
    }


def reasons(run: Run) -> dict[str, int]:
    """Return how many were left out or failed for each reason, the most frequent first."""
    missed = [MessageState.SKIPPED, MessageState.FAILED]
    rows = (
        Message.objects.filter(run=run, state__in=missed)
        .values_list("skip_reason")
        .annotate(n=Count("id"))
        .order_by("-n", "skip_reason")
    )
    return dict(rows)


def repeats(run: Run) -> QuerySet[Run]:
    """Return the later runs that wrote to those whom this launch did not reach, the first one first."""
    first = run.launch.partition("+")[0]
    return Run.objects.filter(
        source=run.source,
        reference=run.reference,
        launch__startswith=f"{first}+",
        created_at__gt=run.created_at,
    ).order_by("created_at")


def skip_reasons(run: Run) -> dict[str, int]:
    """Return how many messages were left out for each reason, the most frequent first."""
    rows = (
        Message.objects.filter(run=run, state=MessageState.SKIPPED)
        .values_list("skip_reason")
        .annotate(n=Count("id"))
        .order_by("-n", "skip_reason")
    )
    return dict(rows)
