"""The evaluation report: one line a model and objective, and every pair compared."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recommender.arrays import Float64


@dataclass(frozen=True)
class ModelResult:
    """Figures of one model for one objective; ``interval`` is the 95 % interval of ``ndcg10``.

    ``gini10`` is the concentration of the lists on few items, ``calibration10`` how far their mix of
    kinds is from the customers' (0: the same). None: the data cannot say.
    """

    name: str
    objective: str
    ndcg10: float
    recall10: float
    coverage10: float
    interval: tuple[float, float]
    fit_seconds: float
    fallback_share: float
    users: int
    precision10: float | None = None
    f1_10: float | None = None
    map10: float | None = None
    mrr10: float | None = None
    hit_rate10: float | None = None
    gini10: float | None = None
    diversity10: float | None = None
    novelty10: float | None = None
    calibration10: float | None = None
    rmse: float | None = None
    mae: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Paired difference of NDCG@10, a minus b, over the same users."""

    a: str
    b: str
    objective: str
    difference: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Report:
    """What an evaluation found.

    ``category`` is the attribute of the calibration, ``diversity_by`` says what the likeness of items
    rests on. Of several cuts ``parts`` holds the single reports, and ``cut`` names all. Not written:
    ``per_user``, NDCG@10 by (model, objective), and ``asked``, the users of each objective beside it.
    """

    cut: str | None
    days: float | None
    users: int
    items: int
    models: list[ModelResult]
    comparisons: list[Comparison]
    rejected: dict[str, int] = field(default_factory=dict)
    category: str | None = None
    diversity_by: str | None = None
    parts: tuple["Report", ...] = ()
    per_user: dict[tuple[str, str], Float64] = field(default_factory=dict, repr=False)
    asked: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def result(self, name: str, objective: str) -> ModelResult:
        """Return one model's figures."""
        return next(line for line in self.models if (line.name, line.objective) == (name, objective))

    def comparison(self, a: str, b: str, objective: str) -> Comparison:
        """Return a minus b, whichever way round it was stored."""
        for line in self.comparisons:
            if line.objective == objective and (line.a, line.b) == (a, b):
                return line
            if line.objective == objective and (line.a, line.b) == (b, a):
                low, high = line.interval
                return Comparison(a, b, objective, -line.difference, (-high, -low))
        raise KeyError((a, b, objective))

    def to_dict(self) -> dict[str, Any]:
        """Return what report.json holds; of several cuts also each one's report, under ``cuts``."""
        whole: dict[str, Any] = {
            "cut": self.cut,
            "days": self.days,
            "users": self.users,
            "items": self.items,
            "models": [asdict(line) for line in self.models],
            "comparisons": [asdict(line) for line in self.comparisons],
            "rejected": self.rejected,
            "category": self.category,
            "diversity_by": self.diversity_by,
        }
        if self.parts:
            whole["cuts"] = [part.to_dict() for part in self.parts]
        return whole

    def write(self, path: str | Path) -> None:
        """Write report.json."""
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False, ensure_ascii=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    def table(self) -> str:
        """Return the figures as text, best first for each objective; RMSE where a model predicts ratings."""
        rated = any(line.rmse is not None for line in self.models)
        lines = [
            f"{'objective':<10} {'model':<18} {'NDCG@10':>8} {'interval':>15} "
            f"{'recall':>8} {'MAP':>7} {'hits':>6} {'cover':>6} {'gini':>6} {'novel':>6} {'fit s':>6}"
            + (f" {'RMSE':>6}" if rated else "")
        ]
        for row in sorted(self.models, key=lambda line: (line.objective, -line.ndcg10)):
            low, high = row.interval
            lines.append(
                f"{row.objective:<10} {row.name:<18} {row.ndcg10:8.4f} {low:8.4f}–{high:.4f} "
                f"{row.recall10:8.4f} {_figure(row.map10, 7, 4)} {_figure(row.hit_rate10, 6, 3)} "
                f"{row.coverage10:6.3f} {_figure(row.gini10, 6, 3)} {_figure(row.novelty10, 6, 2)} "
                f"{row.fit_seconds:6.1f}" + (f" {_figure(row.rmse, 6, 3)}" if rated else "")
            )
        return "\n".join(lines)


def _figure(value: float | None, width: int, digits: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:{width}.{digits}f}"
