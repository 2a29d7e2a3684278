"""Watch whether customers still look like those that a model learned from."""

from dataclasses import dataclass

import numpy as np

from recommender.arrays import AnyArray, Float64

BINS = 10
WATCH, DRIFTED = 0.1, 0.25
#: An empty part would make the index infinite.
LEAST = 1e-4


@dataclass(frozen=True)
class Drift:
    """A feature's population stability index; above .1 it is worth a look, above .25 train again."""

    feature: str
    psi: float

    @property
    def level(self) -> str:
        """Return stable, watch or drifted."""
        return "drifted" if self.psi > DRIFTED else "watch" if self.psi > WATCH else "stable"


@dataclass(frozen=True)
class Reference:
    """The training window's distribution: shares of each feature's parts, the last for missing values."""

    edges: Float64
    shares: Float64

    @classmethod
    def of(cls, values: Float64) -> "Reference":
        """Cut each feature at its deciles and count."""
        edges = np.full((values.shape[1], BINS - 1), np.inf)
        for feature in range(values.shape[1]):
            own = values[~np.isnan(values[:, feature]), feature]
            if len(own):
                cuts = np.unique(np.quantile(own, np.arange(1, BINS) / BINS))
                edges[feature, : len(cuts)] = cuts
        return cls(edges, _shares(values, edges))

    def drift(self, names: tuple[str, ...], values: Float64) -> tuple[Drift, ...]:
        """Return Σ (now − then) ln(now ÷ then) a feature, most changed first."""
        now, then = (np.maximum(part, LEAST) for part in (_shares(values, self.edges), self.shares))
        psi = ((now - then) * np.log(now / then)).sum(axis=1)
        rows = [Drift(name, float(value)) for name, value in zip(names, psi, strict=True)]
        return tuple(sorted(rows, key=lambda row: -row.psi))

    def arrays(self) -> dict[str, AnyArray]:
        """Return what is stored."""
        return {"reference_edges": self.edges, "reference_shares": self.shares}


def _shares(values: Float64, edges: Float64) -> Float64:
    shares = np.zeros((len(edges), BINS + 1))
    for feature in range(len(edges)):
        own = values[:, feature]
        places = np.where(np.isnan(own), BINS, np.searchsorted(edges[feature], own, side="left"))
        shares[feature] = np.bincount(places, minlength=BINS + 1) / max(len(own), 1)
    return shares
