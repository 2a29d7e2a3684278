"""Where trained models lie on disk, and how they come back."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

import recommender
from recommendations.models import ModelVersion

if TYPE_CHECKING:
    from recommender import Recommender

# A loaded model of a mid-sized shop takes 100 to 300 MB; two cover champion and challenger.
_KEPT_LOADED = 2


def store(model: "Recommender", version_id: UUID) -> tuple[str, str]:
    """Write a fitted model under its version's id; return its relative folder and checksum.

    The folder appears whole or not at all, so a killed training leaves nothing that could be loaded.
    """
    relative = Path("models") / str(version_id)
    digest = recommender.save(model, settings.ARTIFACTS / relative)
    return str(relative), digest


def fitted(version: ModelVersion) -> "Recommender":
    """Return a version's fitted model. Raises recommender.errors.ArtifactError when it was changed."""
    return _load(str(settings.ARTIFACTS / version.artifact), version.checksum)


@lru_cache(maxsize=_KEPT_LOADED)
def _load(folder: str, digest: str) -> "Recommender":
    return recommender.load(folder, digest)
