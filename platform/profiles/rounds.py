"""Go over all customers slice by slice; whoever takes over from a worker that died goes on where it stopped.

Each slice is a transaction that also notes how far it came (`Round`), so it is done once or not at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction

from profiles.models import Clustering, Round

#: Customers in one slice: at most 3 s, and locks that nobody waits for longer.
SLICE = 20_000
#: A round that was left for longer is begun anew: more has happened since.
WITHIN = timedelta(hours=1)
_LOCKS = {Round.Kind.PERSONAS: 0x5052_4E50, Round.Kind.STUDIES: 0x5052_4E53}
#: The numbers of the next customers, where there are any.
_NEXT = "SELECT max(id) FROM (SELECT id FROM customers_customer WHERE id > %s ORDER BY id LIMIT %s) c"


@contextmanager
def turn(kind: Round.Kind) -> Iterator[None]:
    """Wait for the turn; a killed worker's ends with its connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCKS[kind]])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCKS[kind]])


def left(
    kind: Round.Kind, *, as_of: datetime, now: datetime, seed: int, any_moment: bool = False
) -> Round | None:
    """Return the round that a worker left within the last hour, of that seed and moment (or of any)."""
    found = Round.objects.filter(kind=kind, finished_at=None, started_at__gt=now - WITHIN, seed=seed)
    if not any_moment:
        found = found.filter(as_of=as_of)
    return found.select_related("clustering").first()


def begin(
    kind: Round.Kind, *, as_of: datetime, now: datetime, seed: int, clustering: Clustering | None = None
) -> Round:
    """Begin a round; what was left halfway before is given up."""
    Round.objects.filter(kind=kind, finished_at=None).delete()
    return Round.objects.create(kind=kind, as_of=as_of, started_at=now, seed=seed, clustering=clustering)


def each_slice(work: Round, do: Callable[[int, int], int], told: Callable[[float], None]) -> None:
    """Call `do(after, to)` for each next stretch of customer numbers; it returns how many it wrote.

    `told` hears the share of customers that is done, after each slice.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM customers_customer")
        last = cursor.fetchone()[0] or 0
    while (to := next_slice(work.through)) is not None:
        with transaction.atomic():
            work.customers += do(work.through, to)
            work.through = to
            work.save(update_fields=["through", "customers"])
        told(min(to / max(last, 1), 1.0))


def next_slice(after: int) -> int | None:
    """Return up to which number the next slice goes; None where there are no more customers."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [after, SLICE])
        found: int | None = cursor.fetchone()[0]
    return found


def finish(work: Round, now: datetime) -> None:
    """Note that a round is whole."""
    work.finished_at = now
    work.save(update_fields=["finished_at"])
