"""When things happened between two sides: how often, on how many days, how long ago."""

from dataclasses import dataclass

import numpy as np

from recommender.arrays import AnyArray, Float64, Int32

#: Windows over which purchases fade, in days: this week, this month, this season.
FADING = (7.0, 30.0, 120.0)
#: Windows in which days are counted: a fortnight, a month, two months.
WINDOWS = (14.0, 28.0, 56.0)
#: Bought again within so many days, it has come back.
RETURN = 28.0


@dataclass(frozen=True)
class Rhythm:
    """How often (line, key) pairs happened, on how many days, and how long ago; one entry a pair.

    ``windows`` counts days within WINDOWS; ``last_gap`` is between the two latest days (0: only one) and
    ``spread`` the standard deviation of the gaps; of the ``old`` days, RETURN or more ago, ``back`` were
    followed by another within RETURN days.
    """

    keys: AnyArray
    lines: Int32
    codes: Int32
    count: Float64
    days: Float64
    faded: Float64
    since: Float64
    first: Float64
    windows: Float64
    last_gap: Float64
    spread: Float64
    old: Float64
    back: Float64

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
        none = np.zeros(0, dtype=np.int32)
        few = np.zeros(0)
        wide = [np.zeros((len(ends), 0)) for ends in (FADING, WINDOWS)]
        return Rhythm(keys, none, none, few, few, wide[0], few, few, wide[1], few, few, few, few)
    # Ages rise within a pair, so a day is counted where it differs from the row before.
    day = np.floor(ages)
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = (day[1:] != day[:-1]) | (keys[1:] != keys[:-1])
    days = np.add.reduceat(fresh.astype(np.float64), start)
    return Rhythm(
        keys=keys[start],
        lines=(keys[start] // width).astype(np.int32),
        codes=(keys[start] % width).astype(np.int32),
        count=(end - start).astype(np.float64),
        days=days,
        faded=np.stack([np.add.reduceat(np.exp(-ages / constant), start) for constant in FADING]),
        since=ages[start],
        first=ages[end - 1],
        **_gaps(day[fresh], np.cumsum(days).astype(np.int64)),
    )


def _gaps(day: Float64, end: AnyArray) -> dict[str, Float64]:
    """Return what the gaps between a pair's days say; days rise, ``end`` is behind each pair's last."""
    start = np.concatenate([[0], end[:-1]])
    # Each day's distance to the next purchase after it, which is the entry before it.
    gap = np.diff(day, prepend=0.0)
    gap[start] = 0.0
    between = np.maximum(end - start - 1, 1)
    mean = np.add.reduceat(gap, start) / between
    squares = np.add.reduceat(gap**2, start) / between
    later = np.ones(len(day), dtype=bool)
    later[start] = False
    old = day >= RETURN
    second = np.minimum(start + 1, len(day) - 1)
    return {
        "windows": np.stack([np.add.reduceat((day < window).astype(float), start) for window in WINDOWS]),
        "last_gap": np.where(end - start > 1, gap[second], 0.0),
        "spread": np.sqrt(np.maximum(squares - mean**2, 0.0)),
        "old": np.add.reduceat(old.astype(float), start),
        "back": np.add.reduceat((old & later & (gap <= RETURN)).astype(float), start),
    }
