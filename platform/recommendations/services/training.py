"""Train the strategies on the facts before a moment, measure them, store them, and keep lists ready."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.db import transaction

from accounts.jobs import Progress, silent
from core.ids import uuid7
from events.models import Event, EventType
from recommendations.artifacts import fitted, store
from recommendations.frames import marked, products, purchases, round_of, shown
from recommendations.models import Champion, ModelVersion, Objective, ProductList, Strategy
from recommendations.services.lists import precompute_lists
from recommendations.services.registry import admit
from recommendations.services.relations import write_relations
from recommendations.services.tuning import blend_prior
from recommendations.state import serving_versions
from recommendations.strategies import ensure_strategies
from recommender import columns
from recommender import models as families
from recommender.base import Recommender
from recommender.dataset import DAY, Dataset
from recommender.errors import ArtifactError
from recommender.models.hybrid import OWN
from recommender.reading import clean_interactions
from recommender.validation.measuring import evaluate_split
from recommender.validation.report import Report
from recommender.validation.splits import Split, truth_matrix

#: Bumped when a model's learning changes so that old and new figures do not compare.
CODE_VERSION = "2"
EVALUATION_DAYS = 28
#: What was shown in the weeks before a training is a round of the loop.
ROUND = timedelta(days=28)
#: Products that fewer people bought say more about those people than about the product.
MIN_BUYERS = 5
#: Below this many customers every product counts.
SMALL_SHOP = 200


class NothingToLearnError(ValueError):
    """There are no purchases to learn from; the text says what to do."""


class UnknownStrategyError(LookupError):
    """No active strategy has this key; the text names those there are."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a training did: its versions and, per model, the figures of CJ-28."""

    as_of: datetime
    evaluated_at: datetime
    versions: dict[str, ModelVersion]
    figures: list[dict[str, Any]]
    comparisons: list[dict[str, Any]] = field(default_factory=list)


def train_models(
    *,
    as_of: datetime,
    now: datetime,
    keys: Sequence[str] | None = None,
    warm: bool = False,
    progress: Progress = silent,
    say: Callable[[str], None] | None = None,
) -> TrainingReport:
    """Fit every active strategy (or those named) on the purchases before `as_of`.

    Figures come from the 28 days after a cut that no model saw: after `as_of` itself when the history
    goes on that far (a replay of the past), else after a cut 28 days before it, with models of their
    own. The hybrid starts from the posterior that tuning left. `warm` measures nothing and searches for
    nothing: models learn the new facts with the blend that serves, in a quarter of the time.

    Versions appear in one transaction after all artefacts are stored; then their lists are computed, and
    those that pass the gates take their turn (services.registry). Killed at any moment before that, the
    old ones serve on; lists that were begun are finished by `finish_lists`. Raises UnknownStrategyError
    for a key that no active strategy has, NothingToLearnError without purchases.

    Complete Journey (1.4 million purchases): about 60 s and 1.5 GB on two cores.
    """
    ensure_strategies(now)
    strategies = list(Strategy.objects.filter(active=True).order_by("pk"))
    if keys is not None:
        known = [strategy.key for strategy in strategies]
        if unknown := sorted(set(keys) - set(known)):
            raise UnknownStrategyError(
                f"There is no active strategy {', '.join(unknown)}; there are: {', '.join(known)}."
            )
        strategies = [strategy for strategy in strategies if strategy.key in keys]
    steps = 2 * len(strategies) + 2
    progress(0, steps, "Reading purchases")
    until = as_of + timedelta(days=EVALUATION_DAYS)
    goes_on = Event.objects.filter(type=EventType.PURCHASE, occurred_at__gte=until).exists()
    until = until if goes_on else as_of
    seen, items = shown(until), products()
    bought = marked(purchases(until), seen)
    cleaned = clean_interactions(bought)
    if cleaned.frame.is_empty():
        raise NothingToLearnError(
            f"There are no purchases before {as_of:%Y-%m-%d} of products that the catalogue has."
            " Import orders and products first."
        )
    cut = as_of if goes_on else as_of - timedelta(days=EVALUATION_DAYS)
    make = _maker(strategies, warm=warm)
    models = {strategy.key: make(strategy) for strategy in strategies}
    report = None
    if not warm:
        progress(1, steps, "Fitting and measuring")
        report = _evaluate(cleaned, items, seen, cut, models, say, progress, steps)
    if cut != as_of or warm:
        models = {strategy.key: make(strategy) for strategy in strategies}
        dataset = dataset_of(cleaned, items, as_of).with_shown(_before(seen, as_of))
        for number, (key, model) in enumerate(models.items(), start=1):
            progress(len(models) + number, steps, f"Fitting {key}")
            model.fit(dataset)
    versions = _publish(strategies, models, report, cleaned.frame, as_of=as_of, cut=cut, now=now, warm=warm)
    _note_round(versions, round_of(bought, seen, items, (as_of - ROUND).timestamp()))
    # A replay of the past must not set back what visitors are shown today.
    if not ProductList.objects.filter(as_of__gt=as_of).exists():
        progress(steps - 1, steps, "What goes together")
        write_relations(cleaned, items, as_of=as_of)
    for strategy in strategies:
        _to_service(versions[strategy.key], models[strategy.key], now=now, progress=progress)
    progress(steps, steps, "Done")
    return TrainingReport(
        as_of=as_of,
        evaluated_at=cut,
        versions=versions,
        figures=_figures(report),
        comparisons=[asdict(line) for line in report.comparisons] if report else [],
    )


def finish_lists(*, now: datetime, progress: Progress = silent) -> int:
    """Finish what a training began and could not end: lists half-way, a turn not taken. Return how many.

    Only of versions newer than what serves; a version that did not pass a gate is left alone.
    """
    finished = 0
    for version in (
        ModelVersion.objects.filter(stage=ModelVersion.Stage.CANDIDATE, gates=[])
        .select_related("strategy")
        .order_by("created_at")
    ):
        try:
            model = fitted(version)
        except ArtifactError:
            admit(version, now=now)  # the gate says what is wrong, and that ends it
            continue
        _to_service(version, model, now=now, progress=progress)
        finished += 1
    return finished


def _to_service(version: ModelVersion, model: Recommender, *, now: datetime, progress: Progress) -> None:
    """Compute a version's lists where they are kept ready, and let it serve if it passes the gates."""
    strategy = version.strategy
    ready = strategy.precompute or Champion.objects.filter(strategy=strategy).exists()
    if ready:
        precompute_lists(version, model, now=now, progress=progress)
    admit(version, now=now, needs_lists=ready)


def _maker(strategies: Sequence[Strategy], *, warm: bool) -> Callable[[Strategy], Recommender]:
    """Return what makes an unfitted model of a strategy.

    The hybrid gets the posterior as its prior; warm, the blend that serves, as it is.
    """
    serving = {version.strategy_id: version for version in serving_versions()} if warm else {}
    means: dict[str, dict[str, float]] = {}
    strengths: dict[str, float] = {}
    for objective in Objective.values:
        mean, strength = blend_prior(objective)
        usable = objective == Objective.REPLENISH or any(w > 0 for part, w in mean.items() if part not in OWN)
        if mean and usable:
            means[objective], strengths[objective] = mean, strength

    def make(strategy: Strategy) -> Recommender:
        parameters = dict(strategy.parameters)
        known = serving.get(strategy.pk)
        if strategy.family == "hybrid" and known and (blend := known.parameters.get("blend")):
            parameters |= {"prior_weights": blend, "prior_strength": float("inf")}
        elif strategy.family == "hybrid" and means:
            parameters |= {"prior_weights": means, "prior_strength": strengths}
        return families.create(strategy.family, **parameters)

    return make


def dataset_of(cleaned: Any, items: pl.DataFrame, edge: datetime) -> Dataset:
    """Return what models learn from: purchases before a moment, without products of hardly anybody."""
    buyers = cleaned.frame[columns.USER].n_unique()
    return Dataset.from_clean(
        cleaned, items, as_of=edge, min_item_users=MIN_BUYERS if buyers >= SMALL_SHOP else 1
    )


def _before(seen: pl.DataFrame, edge: datetime) -> pl.DataFrame:
    return seen.filter(pl.col(columns.TIME) < edge.timestamp())


def _evaluate(
    cleaned: Any,
    items: pl.DataFrame,
    seen: pl.DataFrame,
    cut: datetime,
    models: dict[str, Recommender],
    say: Callable[[str], None] | None,
    progress: Progress,
    steps: int,
) -> Report | None:
    """Fit the models before the cut and measure them after it; None when nothing lies before the cut."""
    edge = cut.timestamp()
    frame = cleaned.frame
    if frame.filter(pl.col(columns.TIME) < edge).is_empty():
        return None
    train = dataset_of(cleaned, items, cut).with_shown(_before(seen, cut))
    after = frame.filter(
        (pl.col(columns.TIME) >= edge) & (pl.col(columns.TIME) < edge + EVALUATION_DAYS * DAY)
    )
    users = train.users.codes(after[columns.USER].to_list())
    codes = train.items.codes(after[columns.ITEM].to_list())
    known = (users >= 0) & (codes >= 0)
    if not known.any():
        for model in models.values():
            model.fit(train)
        return None
    split = Split(train, truth_matrix(users[known], codes[known], train))
    fitted = 0

    def tell(line: str) -> None:
        nonlocal fitted
        fitted += 1
        progress(1 + fitted // len(Objective.values), steps, line)
        if say is not None:
            say(line)

    return evaluate_split(split, models, cut=cut.isoformat(), days=EVALUATION_DAYS, say=tell)


@transaction.atomic
def _publish(
    strategies: Sequence[Strategy],
    models: dict[str, Recommender],
    report: Report | None,
    frame: pl.DataFrame,
    *,
    as_of: datetime,
    cut: datetime,
    now: datetime,
    warm: bool,
) -> dict[str, ModelVersion]:
    """Store artefacts, then the versions that name them, as candidates."""
    first = frame[columns.TIME].min()
    rows = frame.filter(pl.col(columns.TIME) < as_of.timestamp()).height
    versions = {}
    for strategy in strategies:
        model = models[strategy.key]
        version = ModelVersion(
            id=uuid7(),
            strategy=strategy,
            strategy_version=strategy.version,
            warm=warm,
            as_of=as_of,
            data_from=datetime.fromtimestamp(float(first), tz=as_of.tzinfo),  # type: ignore[arg-type]
            rows=rows,
            metrics=_metrics(report, strategy.key, cut),
            parameters=_learned(model),
            fit_seconds=next((line.fit_seconds for line in report.models if line.name == strategy.key), None)
            if report
            else None,
            code_version=CODE_VERSION,
            created_at=now,
        )
        version.artifact, version.checksum = store(model, version.pk)
        versions[strategy.key] = version
    ModelVersion.objects.bulk_create(versions.values())
    return versions


def _note_round(versions: dict[str, ModelVersion], round_: dict[str, float]) -> None:
    """Keep with a training's figures how broad the round before it was; nothing where nothing was shown."""
    if not round_:
        return
    for version in versions.values():
        version.metrics = {**version.metrics, "round": round_}
    ModelVersion.objects.bulk_update(versions.values(), ["metrics"])


def _learned(model: Recommender) -> dict[str, Any]:
    """Return the parameters with what was fitted on top: blend, evidence, what auto chose."""
    learned: dict[str, Any] = {"given": {k: v for k, v in model.get_params().items() if _plain(v)}}
    if weights := getattr(model, "weights_", None):
        learned |= {"blend": weights}
    if evidence := getattr(model, "evidence_", None):
        learned |= {"evidence": evidence}
    if choices := getattr(model, "choices_", None):
        learned |= {"choices": choices}
    return learned


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool | dict | list | tuple | None) and value not in (
        np.inf,
        -np.inf,
    )


def _metrics(report: Report | None, name: str, cut: datetime) -> dict[str, Any]:
    if report is None:
        return {}
    return {
        "cut": cut.isoformat(),
        "days": EVALUATION_DAYS,
        "protocol": "CJ-28",
        "objectives": {line.objective: asdict(line) for line in report.models if line.name == name},
        "comparisons": [asdict(line) for line in report.comparisons if name in (line.a, line.b)],
    }


def _figures(report: Report | None) -> list[dict[str, Any]]:
    """Return one line a model as `bin/demo` prints it: ALL is replenish, NEW is discover."""
    if report is None:
        return []
    lines: dict[str, dict[str, Any]] = {}
    for line in report.models:
        row = lines.setdefault(line.name, {"name": line.name, "fit_seconds": round(line.fit_seconds, 2)})
        suffix = "all" if line.objective == Objective.REPLENISH else "new"
        row[f"ndcg10_{suffix}"] = round(line.ndcg10, 4)
        row[f"recall10_{suffix}"] = round(line.recall10, 4)
        row[f"coverage10_{suffix}"] = round(line.coverage10, 4)
        row[f"interval_{suffix}"] = [round(end, 4) for end in line.interval]
    for row in lines.values():
        row["coverage10"] = row.get("coverage10_all")
    return list(lines.values())
