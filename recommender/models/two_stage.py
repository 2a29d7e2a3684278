"""Two-stage: candidates from several models, put in order by boosted trees."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from recommender.arrays import AnyArray, Csr, Float32, Int32, block_rows
from recommender.base import Recommender
from recommender.columns import OBJECTIVES, Objective
from recommender.dataset import DAY, Dataset
from recommender.errors import DataError
from recommender.history import History
from recommender.lists import Because
from recommender.metrics.ranking import holds
from recommender.models.als import ALS
from recommender.models.content import Content
from recommender.models.ease import EASE
from recommender.models.item_knn import ItemKNN
from recommender.models.own_frequency import OwnFrequency, OwnLasting, OwnRecent
from recommender.models.popularity import Popularity, RecentPopularity
from recommender.models.rp3beta import RP3Beta
from recommender.models.user_knn import UserKNN
from recommender.ranking.blend import normalise
from recommender.ranking.boosting import Trees, require
from recommender.ranking.candidates import Source, propose
from recommender.ranking.examples import FEWEST_USERS, Examples
from recommender.ranking.features import Histories, PairFeatures, attribute_groups
from recommender.validation.splits import Split, windows_back

#: What the first stage asks, and how many items each may propose.
SOURCES: dict[str, tuple[Callable[..., Recommender], Source]] = {
    OwnFrequency.name: (OwnFrequency, Source(200, unseen=False)),
    OwnRecent.name: (OwnRecent, Source(0)),
    OwnLasting.name: (OwnLasting, Source(0)),
    UserKNN.name: (UserKNN, Source(80)),
    ItemKNN.name: (ItemKNN, Source(80)),
    RP3Beta.name: (RP3Beta, Source(80)),
    EASE.name: (EASE, Source(80)),
    ALS.name: (ALS, Source(80)),
    Content.name: (Content, Source(20)),
    Popularity.name: (Popularity, Source(0)),
    RecentPopularity.name: (RecentPopularity, Source(100)),
}
COMPONENTS = tuple(SOURCES)
OWN = frozenset({OwnFrequency.name, OwnRecent.name, OwnLasting.name})
#: Above this many users EASE's matrix costs more than it brings here.
MOST_USERS_EASE = 4000


class TwoStage(Recommender):
    """Score candidates of several models by boosted trees over figures of customer and item.

    First stage: the customer's own items (200), recently popular ones (100), 80 unseen from each
    collaborative model, 20 by content. Second stage: the models' scores and the figures of
    ``ranking.features``, put together by gradient boosting (``leaves``, ``rounds``, ``rate``; the sum of
    a binary and a ranking loss), learned per objective from what came true in the last ``windows`` windows
    (``window_days``; a hold-out without timestamps), each seen from its own start. True rows stand
    beside at most ``negatives`` seeded others each. A score is the sum above the lowest that the trees
    can give; what is no candidate has 0. Learned: ``trees_`` (LightGBM's texts), ``evidence_``
    (users, rows, candidate_recall, candidates per user). ``settings`` ({component: {parameter: value}})
    change components' defaults, ``leave_out`` drops some. Costs windows + 1 fits of every model.
    """

    name = "two-stage"
    parts_: tuple[Recommender, ...]
    trees_: dict[str, tuple[str, ...]]
    evidence_: dict[str, dict[str, float]]
    item_stats_: Float32
    groups_: tuple[Int32, ...]
    group_names_: tuple[str, ...]
    row_starts_: AnyArray
    row_items_: Int32
    row_ages_: Float32

    def __init__(
        self,
        components: Sequence[str] = COMPONENTS,
        windows: int = 3,
        window_days: float = 28.0,
        rounds: int = 100,
        leaves: int = 15,
        rate: float = 0.1,
        negatives: float = 10.0,
        most_users: int = 5000,
        seed: int = 0,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        leave_out: Sequence[str] = (),
    ) -> None:
        self.components = components
        self.settings = settings
        self.leave_out = leave_out
        self.windows = windows
        self.window_days = window_days
        self.rounds = rounds
        self.leaves = leaves
        self.rate = rate
        self.negatives = negatives
        self.most_users = most_users
        self.seed = seed

    # --- learning -----------------------------------------------------------------------------------
    def _fit(self, dataset: Dataset) -> None:
        require()
        self._read: dict[str, Trees] = {}
        unknown = [name for name in self.components if name not in SOURCES]
        if unknown or not self.components:
            raise DataError(
                f"two-stage: unknown component {', '.join(unknown) or '(none given)'}; "
                f"choose from {', '.join(SOURCES)}"
            )
        self.groups_, self.group_names_ = attribute_groups(dataset.attributes, len(dataset.items))
        names = self._names(dataset)
        examples = Examples(self.negatives, self.most_users, self.seed)
        for split in windows_back(dataset, self.window_days, self.windows, self.seed):
            if len(split.evaluated(Objective.REPLENISH)) >= FEWEST_USERS:
                self._stand(split.train, names)
                examples.add(split, self.look, self._step(), self._shown(dataset, split))
        self._stand(dataset, names)
        self.trees_ = examples.learn(rounds=self.rounds, leaves=self.leaves, rate=self.rate)
        self.evidence_ = {goal.value: examples.evidence(goal) for goal in OBJECTIVES}

    def _shown(self, dataset: Dataset, split: Split) -> Csr | None:
        """Return the weights of what users were shown in the window after a training set."""
        if dataset.shown is None or split.train.as_of is None:
            return None
        end = split.train.as_of + self.window_days * DAY
        return dataset.shown.weights(split.train.as_of, end, dataset.shape)

    def _names(self, dataset: Dataset) -> list[str]:
        large = len(dataset.users) > MOST_USERS_EASE
        dropped = {*self.leave_out, *([EASE.name] if large else [])}
        return [name for name in self.components if name not in dropped]

    def _stand(self, dataset: Dataset, names: Sequence[str]) -> None:
        """Take the state of a training set: models, items' figures and histories."""
        self.seen_ = dataset.seen
        self.parts_ = tuple(
            SOURCES[name][0](**(self.settings or {}).get(name, {})).fit(dataset) for name in names
        )
        self.item_stats_ = PairFeatures.learn(dataset, self.groups_, self.group_names_).item_stats
        ages = np.zeros(dataset.rows) if dataset.ages is None else dataset.ages
        self.row_starts_ = np.searchsorted(dataset.user_codes, np.arange(len(dataset.users) + 1))
        self.row_items_ = dataset.item_codes
        self.row_ages_ = ages.astype(np.float32)

    # --- scoring ------------------------------------------------------------------------------------
    def look(self, rows: Int32) -> tuple[Int32, Int32, Float32]:
        """Return the candidates of known users as (line, item) pairs and their figures."""
        scores = [normalise(part.score_block(rows)) for part in self.parts_]
        return self._look(scores, self.seen_[rows], self._histories(rows))

    def _look(self, scores: list[Float32], seen: Csr, histories: Histories) -> tuple[Int32, Int32, Float32]:
        lines, codes = propose(scores, [SOURCES[part.name][1] for part in self.parts_], seen)
        said = np.stack([block[lines, codes] for block in scores], axis=1)
        figures = self._figures().rows(histories, lines, codes)
        return lines, codes, np.concatenate([said, figures], axis=1)

    def _figures(self) -> PairFeatures:
        return PairFeatures(self.item_stats_, self.groups_, self.group_names_)

    def _histories(self, rows: Int32) -> Histories:
        starts, ends = self.row_starts_[rows], self.row_starts_[rows + 1]
        sizes = ends - starts
        lines = np.repeat(np.arange(len(rows), dtype=np.int32), sizes)
        first = np.cumsum(sizes) - sizes
        place = np.arange(len(lines)) - first[lines] + starts[lines]
        ages = self.row_ages_[place].astype(np.float64)
        return Histories(lines, self.row_items_[place], ages, len(rows))

    def score_block(self, rows: Int32, objective: Objective = Objective.REPLENISH) -> Float32:
        """Return a new rows x items array; works through it in blocks, as every model needs one."""
        total = np.zeros((len(rows), len(self.items_)), dtype=np.float32)
        step = self._step()
        for start in range(0, len(rows), step):
            block = rows[start : start + step]
            scores = [normalise(part.score_block(block)) for part in self.parts_]
            self._fill(
                total[start : start + step], scores, self.seen_[block], self._histories(block), objective
            )
        return total

    def score_history(self, history: History, objective: Objective = Objective.REPLENISH) -> Float32:
        """Look at a new history as at a known one."""
        total = np.zeros((1, len(self.items_)), dtype=np.float32)
        scores = [normalise(part.score_history(history)[None, :].copy()) for part in self.parts_]
        self._fill(total, scores, history.matrix(), Histories.of(history), objective)
        row: Float32 = total[0]
        return row

    def _step(self) -> int:
        return block_rows(len(self.items_) * (len(self.parts_) + 1))

    def _fill(
        self, total: Float32, scores: list[Float32], seen: Csr, histories: Histories, objective: Objective
    ) -> None:
        """Write the scores of one block into ``total``, which holds zeros."""
        if objective.value not in self.trees_:
            for part, block in zip(self.parts_, scores, strict=True):
                if objective.keeps_bought or part.name not in OWN:
                    total += block
            return
        lines, codes, figures = self._look(scores, seen, histories)
        if not objective.keeps_bought:
            new = ~holds(seen, lines, codes)
            lines, codes, figures = lines[new], codes[new], figures[new]
        total[lines, codes] = self._trees(objective).scores(figures)

    def _trees(self, objective: Objective) -> Trees:
        # Read from their text at the first use; a model that was loaded has not been fitted.
        kept: dict[str, Trees] = self.__dict__.setdefault("_read", {})
        if objective.value not in kept:
            kept[objective.value] = Trees(self.trees_[objective.value])
        return kept[objective.value]

    # --- reasons ------------------------------------------------------------------------------------
    def _reason_names(self) -> tuple[str, ...]:
        return (*super()._reason_names(), *self.components)

    def _reasons(
        self, rows: Int32, codes: Int32, goal: Objective, names: tuple[str, ...], notes: Any
    ) -> AnyArray:
        """Name for each place the model whose score carried it most.

        The figures of a pair speak for the own history, and only where the customer has the item: nobody
        is told to buy often what they never bought.
        """
        reasons = np.full(codes.shape, names.index(self.name), dtype=np.uint8)
        if goal.value not in self.trees_:
            return reasons
        which = np.array([names.index(part.name) for part in self.parts_], dtype=np.uint8)
        own = [at for at, part in enumerate(self.parts_) if part.name in OWN]
        width, step = len(self.items_), self._step()
        for start in range(0, len(rows), step):
            lines, found, figures = self.look(rows[start : start + step])
            line, place = np.nonzero(codes[start : start + step] >= 0)
            wanted = line * width + codes[start + line, place]
            keys = lines.astype(np.int64) * width + found
            at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            there = keys[at] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
            shares, figured = self._shares(self._trees(goal).parts(figures[at[there]]))
            if own:
                had = holds(
                    self.seen_[rows[start : start + step]], line[there], codes[start + line, place][there]
                )
                shares[:, own[0]] += figured
                shares[np.ix_(np.flatnonzero(~had), np.array(own))] = 0
            best = np.argmax(shares, axis=1)
            carried = shares[np.arange(len(best)), best] > 0
            spot = np.flatnonzero(there)[carried]
            reasons[start + line[spot], place[spot]] = which[best[carried]]
        return reasons

    def _shares(self, parts: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return each model's part of the scores, and that of the figures of pairs."""
        count = len(self.parts_)
        pair = [at for at, name in enumerate(self._figures().names) if name.startswith("pair:")]
        return parts[:, :count], parts[:, count:][:, pair].sum(axis=1)

    def _because(self, row: int, code: int, goal: Objective) -> list[Because]:
        rows = np.array([row], dtype=np.int32)
        carried = {part.name: float(part.score_block(rows)[0, code]) for part in self.parts_}
        if goal.value not in self.trees_:
            tops = {part.name: max(float(part.score_block(rows)[0].max()), 1e-9) for part in self.parts_}
            shares = {
                name: value / tops[name]
                for name, value in carried.items()
                if goal.keeps_bought or name not in OWN
            }
            return self._pieces(row, code, goal, shares, carried)
        _, codes, figures = self.look(rows)
        at = np.flatnonzero(codes == code)
        if not len(at):
            return []
        parts = self._trees(goal).parts(figures[at])
        said, figured = self._shares(parts)
        shares = dict(zip(carried, map(float, said[0]), strict=True))
        own = float(figured[0])
        rest = float(parts.sum()) - own - sum(shares.values())
        item = self.items_[code]
        found = self._pieces(row, code, goal, shares, carried)
        return [*found, Because("own", item, own), Because("popular", item, rest)]

    def _pieces(
        self, row: int, code: int, goal: Objective, shares: dict[str, float], carried: dict[str, float]
    ) -> list[Because]:
        """Hand each model's share on to what carried that model's own score."""
        because: dict[tuple[str, str], float] = {}
        for part in self.parts_:
            share, whole = shares.get(part.name, 0.0), carried[part.name]
            pieces = part._because(row, code, goal) if abs(whole) > 1e-9 else []
            if not pieces:
                pieces, whole = [Because("popular", self.items_[code], 1.0)], 1.0
            for piece in pieces:
                key = (piece.kind, piece.id)
                because[key] = because.get(key, 0.0) + share * piece.value / whole
        return [Because(kind, name, value) for (kind, name), value in because.items() if value]

    def _similarity(self, code: int) -> Float32:
        for part in self.parts_:
            if part.name == ItemKNN.name:
                return part._similarity(code)
        return super()._similarity(code)
