"""Find groups of customers who buy alike."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from recommender.arrays import AnyArray, Float32, Float64, Int32
from recommender.columns import USER
from recommender.errors import ArtifactError, DataError
from recommender.profiling.matching import assign_ids, by_centres, by_members
from recommender.profiling.naming import Persona, Trait, name_groups, traits
from recommender.profiling.scaling import Scaler
from recommender.storage import read_folder, write_folder

SMALLEST_SHARE = 0.03
STABLE = 0.8
FEWEST_CUSTOMERS = 50
SMALL, LARGE = 20_000, 100_000
SEEDS = 10
#: Of so many random beginnings the best counts; with three, fits of two seeds disagree in one shop of three.
BEGINNINGS = 10
SAMPLE = 5000


@dataclass(frozen=True)
class Candidate:
    """One way of grouping that was tried."""

    k: int
    silhouette: float
    stability: float
    smallest: float

    @property
    def eligible(self) -> bool:
        """Say whether the smallest group is large enough to be worth a campaign."""
        return self.smallest >= SMALLEST_SHARE


@dataclass(frozen=True)
class ClusterResult:
    """Groups of customers.

    ``labels`` (customers) index ``personas``, which stand largest first; ``centres`` is groups x features
    on scale; ``map_xy`` customers x 2 (principal components), ``explained`` their shares of variance.
    ``stability`` is the mean adjusted Rand index between fits with different seeds. ``params`` holds
    seed, candidates, whether the wanted numbers of groups had to be left (``degraded``). ``moved`` is
    the share of customers known before whose persona is another now.
    """

    users: tuple[str, ...]
    labels: Int32
    k: int
    silhouette: float
    stability: float
    sizes: tuple[int, ...]
    personas: tuple[Persona, ...]
    centres: Float64
    map_xy: Float32
    explained: tuple[float, float]
    scaler: Scaler
    params: dict[str, Any]
    moved: float | None = None

    def assign(self, frame: pl.DataFrame) -> Int32:
        """Return each row's group without fitting again."""
        return _nearest(self.scaler.transform(frame), self.centres)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the per-customer arrays, as JSON can hold it."""
        return {
            "k": self.k,
            "silhouette": self.silhouette,
            "stability": self.stability,
            "sizes": list(self.sizes),
            "personas": [asdict(persona) for persona in self.personas],
            "explained": list(self.explained),
            "scaler": self.scaler.to_dict(),
            "params": self.params,
            "moved": self.moved,
        }

    def save(self, folder: str | Path) -> str:
        """Write to a new folder and return the digest; see storage.write_folder."""
        arrays: dict[str, AnyArray] = {"labels": self.labels, "centres": self.centres, "map_xy": self.map_xy}
        return write_folder(folder, {"clusters": self.to_dict(), "users": list(self.users)}, arrays)

    @classmethod
    def load(cls, folder: str | Path, digest: str | None = None) -> "ClusterResult":
        """Read a result back; raises ArtifactError where anything was changed."""
        content, arrays = read_folder(folder, digest)
        try:
            stored: dict[str, Any] = dict(content["clusters"]) | dict(arrays)
            stored["personas"] = tuple(
                Persona(**{**persona, "traits": tuple(Trait(**trait) for trait in persona["traits"])})
                for persona in stored["personas"]
            )
            stored["scaler"] = Scaler.from_dict(stored["scaler"])
            stored["sizes"], stored["explained"] = tuple(stored["sizes"]), tuple(stored["explained"])
            return cls(users=tuple(content["users"]), **stored)
        except (KeyError, TypeError) as error:
            raise ArtifactError(f"{folder}: holds no clusters ({error})") from error


def cluster(
    frame: pl.DataFrame,
    features: Sequence[str],
    ks: Iterable[int] = range(4, 9),
    seed: int = 0,
    previous: ClusterResult | None = None,
) -> ClusterResult:
    """Group customers (one row each, with user_id) by features; name the groups; keep known ids.

    Features are clipped at the 1st and 99th percentile, logged where skewed, standardised. For each k,
    KMeans (MiniBatchKMeans above 100,000 customers) is fitted with ten seeds. Of the solutions whose
    smallest group has 3 % of the customers, those with a stability of at least .8 are preferred, and
    of these the highest silhouette wins (without any, the most stable). Where no wanted k is eligible,
    smaller ones down to 2 are tried and ``params["degraded"]`` is set. Under 50 customers is a DataError.
    2,500 customers x 10 features take about 5 s. The silhouette is of a sample of at most 5,000.
    """
    if USER not in frame.columns:
        raise DataError(f"column {USER} is missing (columns found: {', '.join(frame.columns)})")
    if frame.height < FEWEST_CUSTOMERS:
        raise DataError(f"clustering needs at least {FEWEST_CUSTOMERS} customers; there are {frame.height}")
    if frame[USER].null_count() or frame[USER].n_unique() != frame.height:
        raise DataError("clustering needs one row per customer, each with an id")
    frame = frame.with_columns(pl.col(USER).cast(pl.String)).sort(USER)
    scaler = Scaler.fit(frame, features)
    points = scaler.transform(frame)
    wanted = sorted(set(ks))
    if not wanted or wanted[0] < 2:
        raise DataError("the numbers of groups to try must be 2 or more")
    found, chosen, tried, degraded = _choose(points, wanted, seed)
    labels, centres = _largest_first(found, points)
    plane, explained = _plane(points, seed)
    result = ClusterResult(
        users=tuple(frame[USER].to_list()),
        labels=labels,
        k=len(centres),
        silhouette=chosen.silhouette,
        stability=chosen.stability,
        sizes=tuple(int(size) for size in np.bincount(labels, minlength=len(centres))),
        personas=(),
        centres=centres,
        map_xy=plane,
        explained=explained,
        scaler=scaler,
        params={
            "seed": seed,
            "features": [scale.feature for scale in scaler.scales],
            "degraded": degraded,
            "tried": [asdict(candidate) for candidate in tried],
        },
    )
    return _with_personas(result, frame, previous)


def _choose(
    points: Float64, wanted: Sequence[int], seed: int
) -> tuple[Int32, Candidate, list[Candidate], bool]:
    """Return the labels of the best candidate, it, all that were tried with it, and whether k is smaller."""
    distinct = len(np.unique(points, axis=0))
    smaller = range(wanted[0] - 1, 1, -1)
    for degraded, ks in ((False, wanted), *((True, (k,)) for k in smaller)):
        options = [_try(points, k, seed) for k in ks if k <= distinct]
        eligible = [option for option in options if option[1].eligible]
        stable = [option for option in eligible if option[1].stability >= STABLE]
        if stable:
            return (*max(stable, key=lambda option: option[1].silhouette), _tried(options), degraded)
        if eligible:
            return (*max(eligible, key=lambda option: option[1].stability), _tried(options), degraded)
    raise DataError("these customers form no groups of at least 3 %: nearly all of them are alike")


def _tried(options: Sequence[tuple[Int32, Candidate]]) -> list[Candidate]:
    return [candidate for _labels, candidate in options]


def _try(points: Float64, k: int, seed: int) -> tuple[Int32, Candidate]:
    fits = [_fit(points, k, seed + number) for number in range(SEEDS)]
    best = min(range(SEEDS), key=lambda number: fits[number][1])
    labels = fits[best][0]
    agreement = [adjusted_rand_score(fits[a][0], fits[b][0]) for a, b in combinations(range(SEEDS), 2)]
    sizes = np.bincount(labels, minlength=k)
    width = 0.0
    if (sizes > 0).sum() > 1:
        sample = min(SAMPLE, len(points))
        width = float(silhouette_score(points, labels, sample_size=sample, random_state=seed))
    return labels, Candidate(k, width, float(np.mean(agreement)), float(sizes.min() / len(points)))


def _fit(points: Float64, k: int, seed: int) -> tuple[Int32, float]:
    make = MiniBatchKMeans if len(points) > LARGE else KMeans
    # On small data threads cost far more in waiting for each other than they bring.
    with threadpool_limits(1 if len(points) < SMALL else None):
        model = make(n_clusters=k, n_init=BEGINNINGS if len(points) < SMALL else 3, random_state=seed).fit(
            points
        )
    return model.labels_.astype(np.int32), float(model.inertia_)


def _largest_first(labels: Int32, points: Float64) -> tuple[Int32, Float64]:
    sizes = np.bincount(labels)
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    place = np.zeros(len(sizes), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    labels = place[labels]
    centres = np.stack([points[labels == group].mean(axis=0) for group in range(len(order))])
    return labels, centres


def _plane(points: Float64, seed: int) -> tuple[Float32, tuple[float, float]]:
    """Return the map and its shares of variance; the largest loading of an axis points upwards."""
    axes = min(2, points.shape[1])
    model = PCA(n_components=axes, random_state=seed).fit(points)
    loadings = model.components_
    signs = np.sign(loadings[np.arange(axes), np.abs(loadings).argmax(axis=1)])
    plane = np.zeros((len(points), 2), dtype=np.float32)
    plane[:, :axes] = model.transform(points) * signs
    shares = [*model.explained_variance_ratio_.tolist(), 0.0][:2]
    return plane, (float(shares[0]), float(shares[1]))


def _with_personas(
    result: ClusterResult, frame: pl.DataFrame, previous: ClusterResult | None
) -> ClusterResult:
    matched: dict[int, int] = {}
    shared: tuple[Int32, Int32] | None = None
    old_ids: list[str] = []
    number = 1
    if previous is not None:
        old_ids = [persona.id for persona in previous.personas]
        number = int(previous.params["next_number"])
        shared = _shared(result, previous)
        if 2 * len(shared[0]) >= min(len(result.users), len(previous.users)):
            matched = by_members(shared[0], result.k, shared[1], previous.k)
        elif {scale.feature for scale in previous.scaler.scales} <= set(frame.columns):
            points = previous.scaler.transform(frame)
            centres = np.stack([points[result.labels == group].mean(axis=0) for group in range(result.k)])
            matched = by_centres(centres, previous.centres)
    ids, number = assign_ids(result.k, matched, old_ids, number)
    names = name_groups([traits(centre, result.params["features"]) for centre in result.centres])
    personas = tuple(
        Persona(ids[group], name, set_apart, result.sizes[group], result.sizes[group] / len(result.users))
        for group, (name, set_apart) in enumerate(names)
    )
    moved = None
    if shared is not None and len(shared[0]):
        moved = float(np.mean(np.array(ids)[shared[0]] != np.array(old_ids)[shared[1]]))
    params = {**result.params, "next_number": number}
    return replace(result, personas=personas, params=params, moved=moved)


def _shared(result: ClusterResult, previous: ClusterResult) -> tuple[Int32, Int32]:
    """Return new and old labels of the customers who are in both."""
    before = {user: place for place, user in enumerate(previous.users)}
    pairs = [(place, before[user]) for place, user in enumerate(result.users) if user in before]
    new, old = (
        np.array(column, dtype=np.int64) for column in (zip(*pairs, strict=True) if pairs else ((), ()))
    )
    return result.labels[new], previous.labels[old]


def _nearest(points: Float64, centres: Float64) -> Int32:
    gaps = (centres**2).sum(axis=1) - 2 * points @ centres.T
    nearest: Int32 = gaps.argmin(axis=1).astype(np.int32)
    return nearest
