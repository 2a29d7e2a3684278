"""What is written about customers: profiles from facts, personas from profiles."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from threadpoolctl import threadpool_limits

from accounts.jobs import Progress, silent
from core import clock
from profiles import clustering as personas
from profiles import sql
from profiles.models import Clustering
from profiles.rules import PARAMETERS
from recommender.errors import DataError
from recommender.profiling import cluster

# Two builds at once would wait on each other's rows in different orders.
_LOCK = 0x5052_4F46


class TooFewCustomersError(Exception):
    """There is not enough to tell groups apart; the message says what is missing."""


@transaction.atomic
def build_profiles(*, as_of: datetime, now: datetime, progress: Progress = silent) -> int:
    """Build every customer's profile from the facts before `as_of`. Return how many there are.

    One pass over the facts by set-based SQL in one transaction: readers see the old profiles until
    the new ones are complete. Customers without orders get a row as well; those who object to
    profiling lose theirs. Repeating it changes nothing but `computed_at`. Takes 6 s of
    processor time for 1.2 million purchase lines; builds at the same time take turns.
    """
    parameters: dict[str, Any] = PARAMETERS | {"as_of": as_of, "now": now, "zone": str(clock.shop_zone())}
    total = len(sql.FACTS) + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        # A million lines group in memory with this; the server's own default is for many small queries.
        cursor.execute("SET LOCAL work_mem = '128MB'")
        for step, (name, statement) in enumerate(sql.FACTS):
            progress(step, total, name)
            cursor.execute(statement, parameters)
        progress(total - 1, total, "profiles")
        cursor.execute("ANALYZE profile_order, profile_affinity")
        cursor.execute(sql.FORGET)
        cursor.execute(sql.STORE, parameters)
        built = int(cursor.rowcount)
        cursor.execute(sql.CLEAN_UP)
    progress(total, total)
    return built


@transaction.atomic
def cluster_customers(
    *, as_of: datetime, now: datetime, seed: int = 0, progress: Progress = silent
) -> Clustering:
    """Find the personas among the profiles built up to `as_of` and give each profile its own.

    Personas keep their numbers across refits by the customers they share, and names that a person
    gave. Prospects have none. The same profiles and seed give the same personas. About 3 s for
    2,500 customers on one core. Raises TooFewCustomersError.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    progress(0, 3, "features")
    frame = personas.features_frame(as_of)
    previous = personas.previous_result()
    progress(1, 3, "groups")
    try:
        # OpenMP's threads wait by spinning: beside busy workers 2 s became 110 s with two of them.
        with threadpool_limits(limits=1):
            result = cluster(frame, personas.FEATURES, seed=seed, previous=previous)
    except DataError as error:
        raise TooFewCustomersError(
            f"No personas: {error}. Build profiles first: manage.py profile."
        ) from error
    progress(2, 3, "personas")
    numbers = personas.numbers(result, known=previous is not None)
    clustering = Clustering(
        as_of=as_of,
        k=result.k,
        silhouette=result.silhouette,
        stability=result.stability,
        customers=len(result.users),
        explained=list(result.explained),
        parameters=result.params | {"numbers": numbers, "sizes": list(result.sizes), "moved": result.moved},
        active=True,
        created_at=now,
    )
    personas.save_artifact(result, clustering)
    Clustering.objects.filter(active=True).update(active=False)
    clustering.save(force_insert=True)
    personas.store_personas(result, frame, clustering, numbers)
    personas.place_customers(result, numbers)
    progress(3, 3)
    return clustering
