"""Where a search for parameters may look: for each model the ranges that make sense for any shop."""

from dataclasses import dataclass
from typing import Any, Protocol


class Trial(Protocol):
    """What a range asks of the search: Optuna's trial."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Return a whole number of the range."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Return a number of the range."""
        ...


@dataclass(frozen=True)
class Whole:
    """A whole number, tried by its logarithm."""

    low: int
    high: int

    def draw(self, trial: Trial, name: str) -> int:
        """Return a value for a trial."""
        return trial.suggest_int(name, self.low, self.high, log=True)


@dataclass(frozen=True)
class Real:
    """A number above 0, tried by its logarithm; ``even`` tries it as it is."""

    low: float
    high: float
    even: bool = False

    def draw(self, trial: Trial, name: str) -> float:
        """Return a value for a trial."""
        return trial.suggest_float(name, self.low, self.high, log=not self.even)


Space = dict[str, Whole | Real]

#: Days after which a purchase weighs 1/e: from a fortnight to three years.
MEMORY = Real(14.0, 1000.0)
NEIGHBOURS = Whole(20, 500)

SPACES: dict[str, Space] = {
    "recent-popularity": {"time_constant": Real(3.0, 365.0)},
    "trending": {"days": Real(3.0, 60.0), "smoothing": Real(0.5, 100.0)},
    "own-frequency": {"time_constant": MEMORY},
    "own-recent": {"time_constant": MEMORY},
    "own-lasting": {"time_constant": MEMORY},
    "user-knn": {"neighbours": NEIGHBOURS, "vote_time_constant": MEMORY},
    "item-knn": {"neighbours": NEIGHBOURS, "time_constant": MEMORY},
    "content": {"time_constant": MEMORY},
    "als": {
        "factors": Whole(16, 256),
        "regularization": Real(0.01, 100.0),
        "alpha": Real(0.5, 50.0),
        "iterations": Whole(5, 30),
        "time_constant": MEMORY,
    },
    "bpr": {
        "factors": Whole(16, 256),
        "rate": Real(0.005, 0.5),
        "regularization": Real(0.0001, 0.1),
        "iterations": Whole(20, 200),
        "time_constant": MEMORY,
    },
    "sgd-mf": {
        "factors": Whole(8, 128),
        "rate": Real(0.01, 0.5),
        "regularization": Real(0.001, 1.0),
        "epochs": Whole(5, 50),
    },
    "gf-cf": {
        "factors": Whole(16, 512),
        "alpha": Real(0.0, 1.0, even=True),
        "time_constant": MEMORY,
    },
    "naive-bayes": {"smoothing": Real(1.0, 200.0), "time_constant": MEMORY},
    "logistic": {"strength": Real(0.01, 100.0), "time_constant": MEMORY},
    "linear-svm": {"strength": Real(0.001, 10.0), "time_constant": MEMORY},
    "ease": {"regularization": Real(10.0, 5000.0)},
    "rp3beta": {
        "neighbours": NEIGHBOURS,
        "alpha": Real(0.3, 1.5, even=True),
        "beta": Real(0.0, 1.0, even=True),
        "time_constant": MEMORY,
    },
}
#: What a composed model's parts are searched over: ``part.parameter``.
PARTS: Space = {
    f"{part}.{name}": SPACES[part][name]
    for part, name in (
        ("own-frequency", "time_constant"),
        ("user-knn", "neighbours"),
        ("user-knn", "vote_time_constant"),
        ("item-knn", "neighbours"),
        ("item-knn", "time_constant"),
        ("als", "factors"),
        ("als", "regularization"),
        ("als", "time_constant"),
    )
}
SPACES |= {
    "hybrid": PARTS,
    "two-stage": {
        **PARTS,
        "leaves": Whole(4, 63),
        "rounds": Whole(30, 400),
        "rate": Real(0.02, 0.3),
        "negatives": Real(3.0, 30.0),
    },
}


def nested(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as a model takes them: ``part.parameter`` moves to ``settings``."""
    flat = {name: value for name, value in params.items() if "." not in name}
    settings: dict[str, dict[str, Any]] = {}
    for name, value in params.items():
        part, dot, own = name.partition(".")
        if dot:
            settings.setdefault(part, {})[own] = value
    return {**flat, "settings": settings} if settings else flat


def defaults(space: Space, given: dict[str, Any]) -> dict[str, Any]:
    """Return the model's own values of a space's parameters, where they lie within it."""
    return {
        name: given[name]
        for name, values in space.items()
        if isinstance(given.get(name), int | float) and values.low <= given[name] <= values.high
    }


def around(model: str, params: dict[str, Any]) -> dict[str, tuple[int | float, ...]]:
    """Return for each number of a model's space the half and the double of its value, within the space.

    A number that is tried as it is moves by a quarter of its range; one without a value has no neighbours.
    """
    found: dict[str, tuple[int | float, ...]] = {}
    for name, values in SPACES.get(model, {}).items():
        value = params.get(name)
        near: tuple[int | float, ...] = ()
        if isinstance(value, int | float):
            if isinstance(values, Real) and values.even:
                step = (values.high - values.low) / 4
                near = (value - step, value + step)
            elif isinstance(values, Whole):
                near = (round(value / 2), round(value * 2))
            else:
                near = (value / 2, value * 2)
        found[name] = tuple(one for one in near if values.low <= one <= values.high)
    return found
