"""How far runs are."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet

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


# Each state is counted in the partial index that holds it. A state that none held would be missing here.
_PARTS = """
WITH counted (run_id, state, n) AS (
    SELECT run_id, 'sent', count(*)
      FROM delivery_message WHERE run_id = ANY(%(runs)s::uuid[]) AND state = 'sent' GROUP BY 1
     UNION ALL
    SELECT run_id, 'pending', count(*)
      FROM delivery_message WHERE run_id = ANY(%(runs)s::uuid[]) AND state = 'pending' GROUP BY 1
     UNION ALL
    SELECT run_id, state, count(*) FROM delivery_message
     WHERE run_id = ANY(%(runs)s::uuid[]) AND state IN ('claimed', 'sending', 'uncertain') GROUP BY 1, 2
     UNION ALL
    SELECT run_id, state, count(*) FROM delivery_message
     WHERE run_id = ANY(%(runs)s::uuid[]) AND state IN ('failed', 'skipped', 'held_out') GROUP BY 1, 2
)
SELECT r.id, r.audience, c.state, c.n
  FROM delivery_run r LEFT JOIN counted c ON c.run_id = r.id
 WHERE r.id = ANY(%(runs)s::uuid[])
"""


def breakdown(run_ids: Iterable[UUID]) -> dict[UUID, Breakdown]:
    """Return the parts of each run that exists. One query, hence one moment.

    200,000 messages take 20 ms once they rest, 90 ms while they are being sent.
    """
    audiences: dict[UUID, int] = {}
    parts: dict[tuple[UUID, str], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PARTS, {"runs": list(run_ids)})
        for pk, audience, state, n in cursor.fetchall():
            audiences[pk], parts[pk, state] = audience, n
    return {
        pk: Breakdown(audience, **{str(state): parts.get((pk, state), 0) for state in MessageState})
        for pk, audience in audiences.items()
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


def total(parts: Iterable[Breakdown]) -> Breakdown:
    """Return several runs' parts as one."""
    return Breakdown(*(sum(column) for column in zip((0,) * 9, *map(astuple, parts), strict=True)))


def skip_reasons(*runs: Run) -> dict[str, int]:
    """Return how many of these runs' messages were left out for each reason, the most frequent first."""
    rows = (
        Message.objects.filter(run__in=runs, state=MessageState.SKIPPED)
        .values_list("skip_reason")
        .annotate(n=Count("id"))
        .order_by("-n", "skip_reason")
    )
    return dict(rows)
