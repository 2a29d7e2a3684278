"""What is written about customers: profiles from facts, personas from profiles."""

from datetime import datetime

from django.db import connection, transaction
from threadpoolctl import threadpool_limits

from accounts.jobs import Progress, silent
from profiles import clustering as personas
from profiles.building import complete, running
from profiles.models import Clustering, Study
from profiles.studies import keep
from recommender.errors import DataError
from recommender.profiling import cluster


class TooFewCustomersError(Exception):
    """There is not enough to tell groups apart; the message says what is missing."""


def build_profiles(*, as_of: datetime, now: datetime, progress: Progress = silent) -> int:
    """Build every customer's profile from the facts before `as_of`. Return how many there are.

    Customers without orders get one as well; those who object to profiling lose theirs. A build of the same
    moment that a worker left is finished instead (profiles.building.complete).
    """
    return complete.build(as_of=as_of, now=now, progress=progress).customers


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
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [running.LOCK])
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
    moved = personas.who_moved(result, numbers)
    personas.store_personas(result, frame, clustering, numbers)
    personas.place_customers(result, numbers)
    keep(Study.Kind.PERSONAS, as_of=as_of, now=now, known=True, content=moved)
    progress(3, 3)
    return clustering
