"""Models whose log-odds are a sum of one term a feature, so that each term is the true reason.

*Logistic regression* on clipped, logged and standardised features. *Boosting*: gradient boosted trees that
may use one feature each (a generalised additive model: Lou, Caruana and Gehrke 2012), which makes
each feature's share of the log-odds exact rather than an attribution after the fact, and lets the
fitted model be stored as one table of steps a feature. *Blend*: the mean of both.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from recommender.arrays import AnyArray, Bool, Float64
from recommender.errors import ArtifactError

STEPS = 64
CLIP = (1.0, 99.0)
#: From this skewness on a feature that is never negative is logged before it is standardised.
SKEWED = 1.0


@dataclass(frozen=True)
class Linear:
    """Log-odds as a weighted sum; all arrays have one entry a feature."""

    name: ClassVar[str] = "logistic"

    intercept: float
    low: Float64
    high: Float64
    logged: Bool
    centre: Float64
    scale: Float64
    weight: Float64
    missing: Float64

    @classmethod
    def fit(cls, values: Float64, came: Bool) -> "Linear":
        """Fit with a ridge penalty of 1 on standardised features; a missing value has a weight of its own."""
        low, high = (_percentile(values, at) for at in CLIP)
        clipped = np.clip(values, low, high)
        absent = np.isnan(values)
        logged = (low >= 0) & (_skewness(clipped) > SKEWED)
        shaped = np.where(logged, np.log1p(np.maximum(clipped, 0)), clipped)
        with np.errstate(invalid="ignore"):
            centre = np.nan_to_num(_mean(shaped))
            scale = np.sqrt(np.nan_to_num(_mean((shaped - centre) ** 2)))
        scale = np.where(scale > 1e-12, scale, 1.0)
        standard = np.where(absent, 0.0, (shaped - centre) / scale)
        some = absent.any(axis=0)
        flags = (absent - absent.mean(axis=0))[:, some]
        with threadpool_limits(1):
            model = LogisticRegression(C=1.0, max_iter=500).fit(np.hstack([standard, flags]), came)
        weights = model.coef_[0]
        missing = np.zeros(len(low))
        missing[some] = weights[len(low) :]
        # The flags were centred; what that took away belongs to the intercept.
        intercept = float(model.intercept_[0] - missing @ absent.mean(axis=0))
        return cls(intercept, low, high, logged, centre, scale, weights[: len(low)].copy(), missing)

    def contributions(self, values: Float64) -> Float64:
        """Return rows x features: what each adds to the log-odds of somebody average."""
        absent = np.isnan(values)
        clipped = np.clip(values, self.low, self.high)
        shaped = np.where(self.logged, np.log1p(np.maximum(clipped, 0)), clipped)
        added: Float64 = np.where(absent, self.missing, (shaped - self.centre) / self.scale * self.weight)
        return added

    def margin(self, values: Float64) -> Float64:
        """Return each row's log-odds."""
        return _margin(self.intercept, self.contributions(values))

    def content(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        """Return what is stored: numbers, and arrays by name."""
        arrays = {name: part for name, part in vars(self).items() if isinstance(part, np.ndarray)}
        return {"intercept": self.intercept}, arrays

    @classmethod
    def restore(cls, content: dict[str, Any], arrays: dict[str, AnyArray]) -> "Linear":
        """Build it again."""
        parts: dict[str, Any] = dict(arrays)
        return cls(float(content["intercept"]), **parts)


@dataclass(frozen=True)
class Steps:
    """Log-odds as a sum of step functions: row f of ``heights`` at the place of the value in ``edges[f]``.

    ``edges`` is features x (STEPS - 1), filled up with infinity; ``heights`` features x (STEPS + 1), the
    last for a missing value.
    """

    name: ClassVar[str] = "boosting"

    intercept: float
    edges: Float64
    heights: Float64

    @classmethod
    def fit(cls, values: Float64, came: Bool, seed: int = 0) -> "Steps":
        """Boost 150 trees of at most six leaves, each on one feature; 20,000 rows x 25 take about 2 s."""
        edges = np.full((values.shape[1], STEPS - 1), np.inf)
        for feature in range(values.shape[1]):
            own = values[~np.isnan(values[:, feature]), feature]
            if len(own):
                cuts = np.unique(np.quantile(own, np.arange(1, STEPS) / STEPS))
                edges[feature, : len(cuts)] = cuts
        places = _places(values, edges)
        model = HistGradientBoostingClassifier(
            learning_rate=0.06,
            max_iter=150,
            max_leaf_nodes=6,
            min_samples_leaf=40,
            l2_regularization=5.0,
            interaction_cst="no_interactions",
            early_stopping=False,
            random_state=seed,
        )
        with threadpool_limits(1):
            model.fit(np.where(places == STEPS, np.nan, places), came)
            heights = cls._heights(model, values.shape[1])
        base = float(model.decision_function(np.full((1, values.shape[1]), np.nan))[0])
        # Centred on the examples, a term says how somebody differs from the average.
        means = np.array([heights[f, places[:, f]].mean() for f in range(values.shape[1])])
        return cls(base + float(means.sum()), edges, heights - means[:, None])

    @staticmethod
    def _heights(model: HistGradientBoostingClassifier, features: int) -> Float64:
        """Read the step functions off the fitted trees: no tree sees two features, so terms add up."""
        asked = np.full((features * (STEPS + 1), features), np.nan)
        for feature in range(features):
            start = feature * (STEPS + 1)
            asked[start : start + STEPS, feature] = np.arange(STEPS)
        answers = model.decision_function(asked).reshape(features, STEPS + 1)
        heights: Float64 = answers - answers[:, -1:]
        return heights

    def contributions(self, values: Float64) -> Float64:
        """Return rows x features: what each adds to the log-odds of somebody average."""
        places = _places(values, self.edges)
        added: Float64 = np.take_along_axis(self.heights, places.T, axis=1).T
        return added

    def margin(self, values: Float64) -> Float64:
        """Return each row's log-odds."""
        return _margin(self.intercept, self.contributions(values))

    def content(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        """Return what is stored: numbers, and arrays by name."""
        return {"intercept": self.intercept}, {"edges": self.edges, "heights": self.heights}

    @classmethod
    def restore(cls, content: dict[str, Any], arrays: dict[str, AnyArray]) -> "Steps":
        """Build it again."""
        return cls(float(content["intercept"]), arrays["edges"], arrays["heights"])


@dataclass(frozen=True)
class Blend:
    """The mean of both models' log-odds, term by term."""

    name: ClassVar[str] = "blend"

    linear: Linear
    steps: Steps

    @property
    def intercept(self) -> float:
        """Return the log-odds of somebody average."""
        return (self.linear.intercept + self.steps.intercept) / 2

    def contributions(self, values: Float64) -> Float64:
        """Return rows x features: what each adds to the log-odds of somebody average."""
        added: Float64 = (self.linear.contributions(values) + self.steps.contributions(values)) / 2
        return added

    def margin(self, values: Float64) -> Float64:
        """Return each row's log-odds."""
        return _margin(self.intercept, self.contributions(values))

    def content(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        """Return what is stored: numbers, and arrays by name."""
        parts = {part.name: part.content() for part in (self.linear, self.steps)}
        numbers = {name: content for name, (content, _) in parts.items()}
        arrays = {f"{name}_{key}": part for name, (_, found) in parts.items() for key, part in found.items()}
        return numbers, arrays

    @classmethod
    def restore(cls, content: dict[str, Any], arrays: dict[str, AnyArray]) -> "Blend":
        """Build it again."""
        linear, steps = (
            {key.removeprefix(f"{name}_"): part for key, part in arrays.items() if key.startswith(f"{name}_")}
            for name in (Linear.name, Steps.name)
        )
        return cls(Linear.restore(content[Linear.name], linear), Steps.restore(content[Steps.name], steps))


Additive = Linear | Steps | Blend
FAMILIES: dict[str, type[Additive]] = {one.name: one for one in (Linear, Steps, Blend)}


def fit_all(values: Float64, came: Bool, seed: int = 0) -> dict[str, Additive]:
    """Fit every family once, by name."""
    linear, steps = Linear.fit(values, came), Steps.fit(values, came, seed)
    return {one.name: one for one in (linear, steps, Blend(linear, steps))}


def family(name: str) -> type[Additive]:
    """Return the model's class; raises ArtifactError for an unknown name."""
    if name not in FAMILIES:
        raise ArtifactError(f"unknown model '{name}' in a stored score")
    return FAMILIES[name]


def _margin(intercept: float, terms: Float64) -> Float64:
    margin: Float64 = intercept + terms.sum(axis=1)
    return margin


def _places(values: Float64, edges: Float64) -> AnyArray:
    places = np.empty(values.shape, dtype=np.int64)
    for feature in range(values.shape[1]):
        places[:, feature] = np.searchsorted(edges[feature], values[:, feature], side="left")
    places[np.isnan(values)] = STEPS
    return places


def _percentile(values: Float64, at: float) -> Float64:
    columns = (column[~np.isnan(column)] for column in values.T)
    return np.array([np.percentile(own, at) if len(own) else 0.0 for own in columns])


def _mean(values: Float64) -> Float64:
    known = (~np.isnan(values)).sum(axis=0)
    mean: Float64 = np.nansum(values, axis=0) / np.maximum(known, 1)
    return mean


def _skewness(values: Float64) -> Float64:
    away = values - _mean(values)
    spread = np.sqrt(_mean(away**2))
    skewness: Float64 = _mean(away**3) / np.where(spread > 1e-12, spread, 1.0) ** 3
    return skewness
