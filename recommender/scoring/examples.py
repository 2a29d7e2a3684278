"""Examples from a shop's own past: what was known at earlier cuts and what came of it."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from recommender.arrays import Bool, Float64, Int32
from recommender.columns import TIME, USER
from recommender.dataset import DAY
from recommender.scoring.features import RUN_UP, features
from recommender.scoring.history import Past
from recommender.scoring.targets import Target

STRIDE = 14.0
CUTS = 18
MOST = 20_000


@dataclass(frozen=True)
class Examples:
    """Rows x features, what came true, and the cut (as days before the moment) that each row stands for."""

    names: tuple[str, ...]
    users: tuple[str, ...]
    values: Float64
    came: Bool
    age: Float64

    def __len__(self) -> int:
        return len(self.came)

    def where(self, keep: Bool) -> "Examples":
        """Return the marked rows."""
        users = tuple(user for user, kept in zip(self.users, keep, strict=True) if kept)
        return Examples(self.names, users, self.values[keep], self.came[keep], self.age[keep])

    def only(self, names: tuple[str, ...]) -> "Examples":
        """Return the rows with these features."""
        columns = [self.names.index(name) for name in names]
        return Examples(names, self.users, self.values[:, columns], self.came, self.age)


class Tables:
    """Feature tables by cut, so that several targets at one moment count nothing twice.

    Learned is from at most ``most`` customers, drawn by ``seed``: 20,000 with 25 features are 70 MB.
    Scored, as of the moment itself, is everybody.
    """

    def __init__(self, past: Past, moment: float, most: int = MOST, seed: int = 0) -> None:
        self.everybody = past
        self.moment = moment
        self.past = _sample(past, moment, most, seed)
        self._known: dict[float, pl.DataFrame] = {}

    @property
    def days(self) -> float:
        """Return how many days lie between the first basket and the moment."""
        first = self.past.baskets[TIME].min()
        return 0.0 if first is None else (self.moment - float(first)) / DAY  # type: ignore[arg-type]

    def at(self, age: float) -> pl.DataFrame:
        """Return the features as of ``age`` days before the moment; at 0 those of everybody."""
        if age not in self._known:
            past = self.past if age else self.everybody
            self._known[age] = features(past, self.moment - age * DAY)
        return self._known[age]

    def examples(self, target: Target) -> Examples:
        """Stack the examples of up to 18 cuts, two weeks apart; the newest window ends at the moment.

        No label looks at or after the moment. Cuts with less than 84 days behind them are left out.
        """
        ages = [target.days + STRIDE * number for number in range(CUTS)]
        ages = [age for age in ages if age + RUN_UP <= self.days]
        frames = [(age, target.population(self.at(age))) for age in ages]
        frames = [(age, frame) for age, frame in frames if frame.height]
        if not frames:
            return Examples((), (), np.zeros((0, 0)), np.zeros(0, bool), np.zeros(0))
        # What the newest cut knows is what everybody will be scored by.
        names = tuple(name for name in frames[0][1].columns if name != USER)
        users: list[str] = []
        for _, frame in frames:
            users.extend(frame[USER].to_list())
        return Examples(
            names,
            tuple(users),
            np.concatenate([matrix(frame, names) for _, frame in frames]),
            np.concatenate(
                [target.labels(self.past, frame[USER], self.moment - age * DAY) for age, frame in frames]
            ),
            np.concatenate([np.full(frame.height, age) for age, frame in frames]),
        )


def _sample(past: Past, moment: float, most: int, seed: int) -> Past:
    users = past.baskets.filter(pl.col(TIME) < moment)[USER].unique().sort()
    if len(users) <= most:
        return past
    drawn = pl.DataFrame({USER: users.sample(most, seed=seed)})
    return Past(
        past.baskets.join(drawn, on=USER, how="semi"), past.responses.join(drawn, on=USER, how="semi")
    )


def matrix(frame: pl.DataFrame, names: tuple[str, ...]) -> Float64:
    """Return the features as floats; nan where one is missing or the table lacks it."""
    columns = [
        frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        if name in frame.columns
        else np.full(frame.height, np.nan)
        for name in names
    ]
    stacked: Float64 = np.column_stack(columns) if columns else np.zeros((frame.height, 0))
    return stacked


def codes(users: tuple[str, ...]) -> Int32:
    """Return one number per distinct user, for resampling people and not rows."""
    found: Int32 = np.unique(np.array(users), return_inverse=True)[1].astype(np.int32)
    return found
