"""Where profiling, clustering and training run: one interface, this machine or a cluster.

``local`` is polars, scikit-learn and implicit in this process. Another engine implements the same three
methods with the same results within tolerance, and registers a maker under its name, so that whoever
passes ``engine="…"`` along needs no change. Makers are called on first use: a heavy library behind an
engine is imported only by those who ask for it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Protocol

import polars as pl

from recommender.base import Recommender
from recommender.dataset import Dataset
from recommender.errors import RecommenderError
from recommender.models import create_seeded
from recommender.profiling import ClusterResult, cluster, customer_features, rfm
from recommender.reading import Cleaned

LOCAL = "local"


class EngineError(RecommenderError):
    """The engine is unknown or cannot run here."""


class Engine(Protocol):
    """What an engine does; frames in and out have the columns of recommender.columns."""

    name: str

    def profile(self, cleaned: Cleaned, as_of: str | float | date | datetime | None = None) -> pl.DataFrame:
        """Return one row a user: behaviour, and RFM where there are amounts."""
        ...

    def cluster(
        self, features: pl.DataFrame, columns: Sequence[str], k: Iterable[int] = range(4, 9), seed: int = 0
    ) -> ClusterResult:
        """Group users by the named columns of their profiles."""
        ...

    def fit(self, name: str, dataset: Dataset, *, seed: int = 0, **params: Any) -> Recommender:
        """Return the model of this name (als, hybrid, …), fitted."""
        ...


class Local:
    """Run in this process, on all its cores."""

    name = LOCAL

    def profile(self, cleaned: Cleaned, as_of: str | float | date | datetime | None = None) -> pl.DataFrame:
        """Return one row a user; see recommender.profiling."""
        frame = customer_features(cleaned, as_of)
        return rfm(frame) if "amount" in frame.columns else frame

    def cluster(
        self, features: pl.DataFrame, columns: Sequence[str], k: Iterable[int] = range(4, 9), seed: int = 0
    ) -> ClusterResult:
        """Group users; see recommender.profiling.cluster."""
        return cluster(features, columns, k, seed)

    def fit(self, name: str, dataset: Dataset, *, seed: int = 0, **params: Any) -> Recommender:
        """Create and fit a model."""
        return create_seeded(name, seed, **params).fit(dataset)


_MAKERS: dict[str, Callable[[], Engine]] = {LOCAL: Local}


def register(name: str, maker: Callable[[], Engine]) -> None:
    """Offer an engine under a name."""
    if name in _MAKERS:
        raise EngineError(f"an engine '{name}' is registered already")
    _MAKERS[name] = maker


def engine(name: str = LOCAL) -> Engine:
    """Return the engine of this name; raises EngineError with the known names."""
    if name not in _MAKERS:
        raise EngineError(f"there is no engine '{name}' here; choose one of: {', '.join(_MAKERS)}")
    return _MAKERS[name]()


__all__ = ["LOCAL", "Engine", "EngineError", "Local", "engine", "register"]
