"""When things happened between two sides: how often, on how many days, how long ago."""

from dataclasses import dataclass

import numpy as np

from recommender.arrays import AnyArray, Float64, Int32

#: Windows over which purchases fade, in days: this week, this month, this season.
FADING = (7.0, 30.0, 120.0)


@dataclass(frozen=True)
class Rhythm:
    """How often (line, key) pairs happened, on how many days, and how long ago; one entry a pair."""

    keys: AnyArray
    lines: Int32
    codes: Int32
    count: Float64
    days: Float64
    faded: Float64
    since: Float64
    first: Float64

    @property
    def gap(self) -> Float64:
        """Return the mean number of days between two of its days; nan where there is only one."""
        gap: Float64 = np.where(
            self.days > 1, (self.first - self.since) / np.maximum(self.days - 1, 1), np.nan
        )
        return gap

    def find(self, lines: AnyArray, codes: AnyArray, width: int) -> tuple[AnyArray, AnyArray]:
        """Return each wanted pair's entry and whether there is one."""
        wanted = lines.astype(np.int64) * width + codes
        if not len(self.keys):
            return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return place, self.keys[place] == wanted


def rhythm(lines: AnyArray, codes: AnyArray, ages: Float64, width: int) -> Rhythm:
    """Summarise rows by (line, code); ``width`` is the number of codes. Ages are in days."""
    keys = lines.astype(np.int64) * width + codes
    order = np.lexsort((ages, keys))
    keys, ages = keys[order], ages[order]
    start = np.flatnonzero(np.diff(keys, prepend=-1))
    end = np.append(start[1:], len(keys))
    if not len(keys):
        empty = np.zeros(0)
        none = np.zeros(0, dtype=np.int32)
        return Rhythm(keys, none, none, empty, empty, np.zeros((len(FADING), 0)), empty, empty)
    # Ages rise within a pair, so a day is counted where it differs from the row before.
    day = np.floor(ages)
    fresh = np.ones(len(keys))
    fresh[1:] = (day[1:] != day[:-1]) | (keys[1:] != keys[:-1])
    return Rhythm(
        keys=keys[start],
        lines=(keys[start] // width).astype(np.int32),
        codes=(keys[start] % width).astype(np.int32),
        count=(end - start).astype(np.float64),
        days=np.add.reduceat(fresh, start),
        faded=np.stack([np.add.reduceat(np.exp(-ages / days), start) for days in FADING]),
        since=ages[start],
        first=ages[end - 1],
    )
