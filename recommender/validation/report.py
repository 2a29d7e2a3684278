"""The evaluation report: one line a model and objective, and every pair compared."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recommender.arrays import Float64


@dataclass(frozen=True)
class ModelResult:
    """Figures of one model for one objective; ``interval`` is the 95 % interval of ``ndcg10``."""

    name: str
    objective: str
    ndcg10: float
    recall10: float
    coverage10: float
    interval: tuple[float, float]
    fit_seconds: float
    fallback_share: float
    users: int


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
    """What an evaluation found; ``per_user`` (not written) holds NDCG@10 by (model, objective)."""

    cut: str | None
    days: float | None
    users: int
    items: int
    models: list[ModelResult]
    comparisons: list[Comparison]
    rejected: dict[str, int] = field(default_factory=dict)
    per_user: dict[tuple[str, str], Float64] = field(default_factory=dict, repr=False)

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
        """Return what report.json holds."""
        return {
            "cut": self.cut,
            "days": self.days,
            "users": self.users,
            "items": self.items,
            "models": [asdict(line) for line in self.models],
            "comparisons": [asdict(line) for line in self.comparisons],
            "rejected": self.rejected,
        }

    def write(self, path: str | Path) -> None:
        """Write report.json."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    def table(self) -> str:
        """Return the figures as text, best first for each objective."""
        lines = [
            f"{'objective':<10} {'model':<18} {'NDCG@10':>8} {'interval':>15} "
            f"{'recall':>8} {'cover':>6} {'fit s':>6}"
        ]
        for row in sorted(self.models, key=lambda line: (line.objective, -line.ndcg10)):
            low, high = row.interval
            lines.append(
                f"{row.objective:<10} {row.name:<18} {row.ndcg10:8.4f} {low:8.4f}–{high:.4f} "
                f"{row.recall10:8.4f} {row.coverage10:6.3f} {row.fit_seconds:6.1f}"
            )
        return "\n".join(lines)
