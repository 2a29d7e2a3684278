"""What is written about customers: profiles from facts, personas from profiles."""

from datetime import datetime
from typing import cast

from django.db import transaction
from threadpoolctl import threadpool_limits

from accounts import audit
from accounts.jobs import Progress, silent
from accounts.models import User
from profiles import clustering as personas
from profiles import rounds
from profiles.building import complete
from profiles.models import Clustering, Persona, Round, Study
from profiles.personas import default_name
from profiles.studies import keep
from recommender.errors import DataError
from recommender.profiling import ClusterResult, cluster

_PARTS = 100  # of progress, for each step


class TooFewCustomersError(Exception):
    """There is not enough to tell groups apart; the message says what is missing."""


def build_profiles(*, as_of: datetime, now: datetime, progress: Progress = silent) -> int:
    """Build every customer's profile from the facts before `as_of`. Return how many there are.

    Customers without orders get one as well; those who object to profiling lose theirs. A build of the same
    moment that a worker left is finished instead (profiles.building.complete).
    """
    return complete.build(as_of=as_of, now=now, progress=progress).customers


def cluster_customers(
    *, as_of: datetime, now: datetime, seed: int = 0, progress: Progress = silent, any_moment: bool = False
) -> Clustering:
    """Find the personas among the profiles built up to `as_of` and give each profile its own.

    Personas keep their numbers across refits by the customers they share, and names that a person
    gave. Prospects have none. The same profiles and seed give the same personas. What was found is kept
    before anybody gets it; then customers are given theirs slice by slice, and readers see the old one or
    the new one. A worker that dies is followed by another within the hour, which goes on with the rest
    (with `any_moment` also where that was meant for another moment). About 3 s for 2,500 customers on
    one core, 25 s for 200,000. Raises TooFewCustomersError.
    """
    with rounds.turn(Round.Kind.PERSONAS):
        work = rounds.left(Round.Kind.PERSONAS, as_of=as_of, now=now, seed=seed, any_moment=any_moment)
        result = personas.load(work.clustering) if work and work.clustering else None
        if work is None or result is None:
            work, result = _find_personas(as_of, now, seed, progress)
        clustering = cast(Clustering, work.clustering)
        places = personas.places(result, clustering.parameters["numbers"])
        rounds.each_slice(
            work,
            lambda after, to: personas.place_customers(places, after, to),
            lambda share: progress(2 * _PARTS + int(share * _PARTS), 3 * _PARTS, "personas"),
        )
        _put_in_use(work, clustering, result, now)
        progress(3 * _PARTS, 3 * _PARTS)
        return clustering


def _find_personas(
    as_of: datetime, now: datetime, seed: int, progress: Progress
) -> tuple[Round, ClusterResult]:
    """Fit the groups and keep them, not yet in use: the artefact before its row, with its checksum."""
    progress(0, 3 * _PARTS, "features")
    frame = personas.features_frame(as_of)
    previous = personas.previous_result()
    progress(_PARTS, 3 * _PARTS, "groups")
    try:
        # OpenMP's threads wait by spinning: beside busy workers 2 s became 110 s with two of them.
        with threadpool_limits(limits=1):
            result = cluster(frame, personas.FEATURES, seed=seed, previous=previous)
    except DataError as error:
        raise TooFewCustomersError(
            f"No personas: {error}. Build profiles first: manage.py profile."
        ) from error
    numbers = personas.numbers(result, known=previous is not None)
    clustering = Clustering(
        as_of=as_of,
        k=result.k,
        silhouette=result.silhouette,
        stability=result.stability,
        customers=len(result.users),
        explained=list(result.explained),
        parameters=result.params
        | {
            "numbers": numbers,
            "sizes": list(result.sizes),
            "moved": result.moved,
            "moves": personas.who_moved(result, numbers),
            "centres": personas.centres(result, frame),
        },
        created_at=now,
    )
    personas.save_artifact(result, clustering)
    with transaction.atomic():
        clustering.save(force_insert=True)
        personas.make_room(result, clustering)
        work = rounds.begin(Round.Kind.PERSONAS, as_of=as_of, now=now, seed=seed, clustering=clustering)
    return work, result


@transaction.atomic
def _put_in_use(work: Round, clustering: Clustering, result: ClusterResult, now: datetime) -> None:
    Clustering.objects.filter(active=True).exclude(pk=clustering.pk).update(active=False)
    clustering.active = True
    clustering.save(update_fields=["active"])
    personas.store_personas(result, clustering)
    moved = clustering.parameters["moves"]
    keep(Study.Kind.PERSONAS, as_of=work.as_of, now=now, known=True, content=moved, work=work)
    rounds.finish(work, now)


@transaction.atomic
def rename_persona(persona: Persona, name: str, *, now: datetime, user: User) -> Persona:
    """Give a persona a name that survives refits; an empty one gives back the name its traits make."""
    held = Persona.objects.select_for_update().get(pk=persona.pk)
    before = {"name": held.name, "name_edited": held.name_edited}
    wanted = " ".join(name.split())[: Persona._meta.get_field("name").max_length]
    held.name_edited = bool(wanted)
    held.name = wanted or default_name(held.traits, "")
    after = {"name": held.name, "name_edited": held.name_edited}
    if after != before:
        held.save(update_fields=["name", "name_edited"])
        audit.record(action="rename_persona", target=held, now=now, user=user, before=before, after=after)
    return held
