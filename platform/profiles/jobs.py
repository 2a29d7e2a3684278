"""Profiles and personas as long work that a person can start and watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import Progress, as_of
from core import clock
from profiles.flows import lifecycle_flows
from profiles.models import Persona
from profiles.scores.services import score_customers
from profiles.services import TooFewCustomersError, build_profiles, cluster_customers
from profiles.studies import study as find_out


def profile(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Build all profiles; the result says how many."""
    return {"profiles": build_profiles(as_of=as_of(parameters), now=now, progress=progress)}


def cluster(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Find the personas anew; the result says how many, how distinct and how large they are."""
    found = cluster_customers(
        as_of=as_of(parameters), now=now, progress=progress, any_moment=not parameters.get("as_of")
    )
    sizes = Persona.objects.filter(clustering=found).order_by("number").values_list("size", flat=True)
    return {
        "k": found.k,
        "silhouette": found.silhouette,
        "stability": found.stability,
        "sizes": list(sizes),
    }


def score(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Train and give all scores; the result says how many customers have each, or what is missing."""
    found = score_customers(
        as_of=as_of(parameters), now=now, progress=progress, any_moment=not parameters.get("as_of")
    )
    return {
        version.kind: version.customers if version.known else {"unknown": version.card} for version in found
    }


def study(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Find out lifecycle, classes and texts anew; the result says what is known and what is missing."""
    found = find_out(
        as_of=as_of(parameters), now=now, progress=progress, any_moment=not parameters.get("as_of")
    )
    return {made.kind: True if made.known else made.content for made in found}


def know(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Do all of it after past orders were imported: profiles, personas, scores, studies."""
    result: dict[str, Any] = profile(parameters, now, progress)
    try:
        result["personas"] = cluster(parameters, now, progress)
    except TooFewCustomersError as error:
        result["personas"] = {"missing": str(error)}
    result["scores"] = score(parameters, now, progress)
    result["studies"] = study(parameters, now, progress)
    return result


def flows(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Count who went from which state to which between `before` and `after`; the result is the flow."""
    progress(0, 1)
    found = lifecycle_flows(*(clock.parse_moment(parameters[side]) for side in ("before", "after")))
    progress(1, 1)
    return found
