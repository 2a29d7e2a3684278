"""Where trained models lie on disk, and how they come back."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.conf import settings

import recommender
from recommendations.models import ModelVersion
from recommender.errors import ArtifactError

if TYPE_CHECKING:
    from recommender import Recommender

log = structlog.get_logger(__name__)

# A loaded model of a mid-sized shop takes 100 to 300 MB; two cover champion and challenger.
_KEPT_LOADED = 2
_loading: set[tuple[str, str]] = set()
_refused: set[tuple[str, str]] = set()
_lock = threading.Lock()


def store(model: "Recommender", version_id: UUID) -> tuple[str, str]:
    """Write a fitted model under its version's id; return its relative folder and checksum.

    The folder appears whole or not at all, so a killed training leaves nothing that could be loaded.
    """
    relative = Path("models") / str(version_id)
    digest = recommender.save(model, settings.ARTIFACTS / relative)
    return str(relative), digest


def fitted(version: ModelVersion) -> "Recommender":
    """Return a version's fitted model. Raises recommender.errors.ArtifactError when it was changed."""
    return _load(*_key(version))


def at_hand(version: ModelVersion) -> "Recommender | None":
    """Return a version's model if this process has it; otherwise begin to load it beside, and return None.

    So nobody in front of us waits for a disk: whoever asks goes on with the lists that are ready. A model
    that is not what was stored is refused once and for all, and logged.
    """
    key = _key(version)
    with _lock:
        if key in _loaded:
            return _load(*key)
        if key in _loading or key in _refused:
            return None
        _loading.add(key)
    threading.Thread(target=_fetch, args=(key,), name="load-model", daemon=True).start()
    return None


def _key(version: ModelVersion) -> tuple[str, str]:
    # Each call of a partner asks for it; joining paths would take longer than all else at_hand does.
    return f"{settings.ARTIFACTS}/{version.artifact}", version.checksum


def _fetch(key: tuple[str, str]) -> None:
    try:
        _load(*key)
    except ArtifactError as error:
        log.error("model_unreadable", error=str(error))
        with _lock:
            _refused.add(key)
    finally:
        with _lock:
            _loading.discard(key)


#: What `_load` keeps; the cache itself cannot be asked without loading.
_loaded: dict[tuple[str, str], None] = {}


@lru_cache(maxsize=_KEPT_LOADED)
def _load(folder: str, digest: str) -> "Recommender":
    model = recommender.load(folder, digest)
    _loaded[folder, digest] = None
    for key in list(_loaded)[:-_KEPT_LOADED]:
        _loaded.pop(key, None)
    return model
