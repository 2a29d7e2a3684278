"""Choose the offers that take most off together where no line may carry two of them.

That is weighted set packing, which is NP-hard: branch and bound finds the best choice and proves it, within
a bound on its work. Offers that share no line do not meet, directly or through others, so each group of
offers that do is searched by itself. The bound of a branch is the sum, over the lines that are still free,
of the most that one of the remaining offers takes off that line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

#: Branches looked at for one cart: about 5 ms for 20 lines.
MOST_BRANCHES = 1_000


@dataclass(frozen=True, slots=True)
class Choice:
    """Which offers were chosen, by position.

    `complete` says that no better choice exists. Otherwise the search stopped at its bound: the best
    choice that was met until then stands, at least as good as taking the largest discounts first.
    """

    chosen: frozenset[int]
    complete: bool
    branches: int


def best(gains: Sequence[Mapping[int, int]], most_branches: int = MOST_BRANCHES) -> Choice:
    """Choose among offers by what each takes off which line, in whole minor units, all above zero.

    Of equal choices the one with the offers that come first wins: give them in the order of preference.
    """
    masks = _worthwhile(
        [sum(1 << line for line in row) for row in gains], [sum(row.values()) for row in gains]
    )
    chosen: set[int] = set()
    left, complete = most_branches, True
    for group in _groups(masks):
        search = _Search([(k, masks[k], gains[k]) for k in group], left)
        chosen |= search.run()
        left -= search.branches
        complete = complete and search.complete
    return Choice(frozenset(chosen), complete, most_branches - left)


def _worthwhile(masks: Sequence[int], totals: Sequence[int]) -> list[int]:
    """Return the lines of each offer, none for one in whose place another gives as much on fewer lines."""
    kept: list[int] = []
    for k in sorted(range(len(masks)), key=lambda k: (-totals[k], k)):
        if masks[k] and not any(masks[other] & ~masks[k] == 0 for other in kept):
            kept.append(k)
    left = [0] * len(masks)
    for k in kept:
        left[k] = masks[k]
    return left


def _groups(masks: Sequence[int]) -> list[list[int]]:
    """Return positions that share lines, directly or through others, in the order of their first one."""
    groups: list[tuple[int, list[int]]] = []
    for k, mask in enumerate(masks):
        if not mask:
            continue
        apart, members = [], [k]
        for known, others in groups:
            if known & mask:
                mask |= known
                members += others
            else:
                apart.append((known, others))
        groups = [*apart, (mask, sorted(members))]
    return sorted((members for _mask, members in groups), key=lambda members: members[0])


class _Search:
    """Depth first, with an offer before without it, the largest first."""

    def __init__(self, offers: list[tuple[int, int, Mapping[int, int]]], most_branches: int) -> None:
        self.offers = sorted(offers, key=lambda o: (-sum(o[2].values()), o[0]))
        self.totals = [sum(gain.values()) for _k, _mask, gain in self.offers]
        self.lines = sorted({line for _k, _mask, gain in offers for line in gain})
        # From each offer on, what the rest can take off each line at most.
        self.most: list[list[int]] = [[0] * len(self.lines)]
        for _k, _mask, gain in reversed(self.offers):
            before = self.most[-1]
            self.most.append([max(b, gain.get(line, 0)) for b, line in zip(before, self.lines, strict=True)])
        self.most.reverse()
        self.most_branches = max(most_branches, 0)
        self.branches = 0
        self.complete = True

    def run(self) -> set[int]:
        """Return the positions of the best choice met."""
        by_size = self._greedy(range(len(self.offers)))
        narrow_first = sorted(
            range(len(self.offers)),
            key=lambda n: (-self.totals[n] / self.offers[n][1].bit_count(), n),
        )
        best_total, best_chosen = max(
            by_size, self._greedy(narrow_first), key=lambda found: found[0]
        )  # the first of equals
        free = (True,) * len(self.lines)
        stack: list[tuple[int, int, tuple[bool, ...], int, tuple[int, ...]]] = [(0, 0, free, 0, ())]
        while stack:
            n, taken, free, total, chosen = stack.pop()
            if total > best_total:
                best_total, best_chosen = total, chosen
            if n == len(self.offers) or total + sum(compress(self.most[n], free)) <= best_total:
                continue
            if self.branches >= self.most_branches:
                self.complete = False
                break
            self.branches += 1
            stack.append((n + 1, taken, free, total, chosen))
            mask = self.offers[n][1]
            if not mask & taken:
                left = tuple(not (taken | mask) >> line & 1 for line in self.lines)
                stack.append((n + 1, taken | mask, left, total + self.totals[n], (*chosen, n)))
        return {self.offers[n][0] for n in best_chosen}

    def _greedy(self, order: Sequence[int]) -> tuple[int, tuple[int, ...]]:
        taken, total, chosen = 0, 0, []
        for n in order:
            mask = self.offers[n][1]
            if not mask & taken:
                taken |= mask
                total += self.totals[n]
                chosen.append(n)
        return total, tuple(chosen)
