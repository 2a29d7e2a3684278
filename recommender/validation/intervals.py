"""Intervals of a report's figures and of every pair's difference, by resampling users."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from recommender.arrays import Float64
from recommender.validation.bootstrap import Bootstrap
from recommender.validation.report import Comparison, ModelResult, Report

#: What a pooled line takes as the mean over the cuts; the number of users adds up instead.
AVERAGED = tuple(
    one.name for one in fields(ModelResult) if one.name not in ("name", "objective", "interval", "users")
)

PerUser = dict[tuple[str, str], Float64]


def compare(
    lines: Sequence[ModelResult], per_user: PerUser, resamples: int, seed: int
) -> tuple[list[ModelResult], list[Comparison]]:
    """Return the lines with their intervals, and every pair of models, the better one first."""
    goals = dict.fromkeys(line.objective for line in lines)
    blocks = {
        goal: {name: per_user[name, goal][:, None] for name, of in per_user if of == goal} for goal in goals
    }
    return _compare(lines, blocks, resamples, seed)


def pool(parts: Sequence[Report], resamples: int, seed: int) -> Report:
    """Return the mean report of several cuts; its intervals resample users with all their cuts.

    A user asked at several cuts is one observation, as answers of one person go together. Each cut
    counts alike, whatever its number of users.
    """
    lines: list[ModelResult] = []
    blocks: dict[str, dict[str, Float64]] = {}
    for name, goal in dict.fromkeys((line.name, line.objective) for part in parts for line in part.models):
        found = [
            line for part in parts for line in part.models if (line.name, line.objective) == (name, goal)
        ]
        means: dict[str, Any] = {
            figure: _mean([getattr(line, figure) for line in found]) for figure in AVERAGED
        }
        lines.append(replace(found[0], **means, users=sum(line.users for line in found)))
        blocks.setdefault(goal, {})[name] = _by_user(parts, name, goal)
    pooled, comparisons = _compare(lines, blocks, resamples, seed)
    rejected = parts[0].rejected
    return Report(
        cut=", ".join(str(part.cut) for part in parts),
        days=parts[0].days,
        users=max(part.users for part in parts),
        items=max(part.items for part in parts),
        models=pooled,
        comparisons=comparisons,
        rejected=rejected,
        category=parts[0].category,
        diversity_by=parts[0].diversity_by,
        parts=tuple(parts),
    )


def _by_user(parts: Sequence[Report], name: str, goal: str) -> Float64:
    """Return users x cuts NDCG, nan where a user was not asked."""
    asked = [part for part in parts if (name, goal) in part.per_user]
    users = {user: row for row, user in enumerate(sorted({u for part in asked for u in part.asked[goal]}))}
    values = np.full((len(users), len(asked)), np.nan)
    for column, part in enumerate(asked):
        values[[users[user] for user in part.asked[goal]], column] = part.per_user[name, goal]
    return values


def _compare(
    lines: Sequence[ModelResult], blocks: dict[str, dict[str, Float64]], resamples: int, seed: int
) -> tuple[list[ModelResult], list[Comparison]]:
    """Compare by users x cuts blocks, whose figure is the mean over cuts of the mean over users."""
    found: dict[tuple[str, str], tuple[float, float]] = {}
    comparisons: list[Comparison] = []
    for goal, values in blocks.items():
        ranked = [line for line in sorted(lines, key=lambda line: -line.ndcg10) if line.objective == goal]
        names = [line.name for line in ranked]
        together = np.concatenate([values[name] for name in names], axis=1)
        boot = Bootstrap(len(together), resamples, seed=seed)
        means = boot.means(together).reshape(resamples, len(names), -1).mean(axis=2)
        actual = np.nanmean(together, axis=0).reshape(len(names), -1).mean(axis=1)
        for i, name in enumerate(names):
            own = boot.interval(means[:, i], actual[i])
            found[name, goal] = (own.low, own.high)
            for j in range(i + 1, len(names)):
                pair = boot.interval(means[:, i] - means[:, j], actual[i] - actual[j])
                comparisons.append(Comparison(name, names[j], goal, pair.mean, (pair.low, pair.high)))
    results = [replace(line, interval=found[line.name, line.objective]) for line in lines]
    return results, comparisons


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
