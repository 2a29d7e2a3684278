"""Whose figures stand for a version: its own, or those of the training that a warm one goes on from."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from recommendations.models import ModelVersion, Serving


def measured(versions: Iterable[ModelVersion]) -> dict[UUID, ModelVersion]:
    """Return by version's id the version that was measured in its place.

    A warm version keeps the blend and the parameters of the training before it and has no figures of its
    own; without any measured one that had its turn, it stands for itself. Two queries where one is warm.
    """
    versions = list(versions)
    found = {version.pk: version for version in versions}
    warm = [version.pk for version in versions if version.warm]
    if not warm:
        return found
    before = ModelVersion.objects.filter(
        Exists(Serving.objects.filter(version=OuterRef("pk"))),
        strategy=OuterRef("strategy"),
        strategy_version=OuterRef("strategy_version"),
        created_at__lte=OuterRef("created_at"),
        warm=False,
    ).order_by("-created_at")
    rows = ModelVersion.objects.filter(pk__in=warm).annotate(stands=Subquery(before.values("pk")[:1]))
    stands = {pk: stand for pk, stand in rows.values_list("pk", "stands") if stand is not None}
    there = ModelVersion.objects.select_related("strategy").in_bulk(set(stands.values()))
    return found | {pk: there[stand] for pk, stand in stands.items()}
