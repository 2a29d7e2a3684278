"""Check (c): off-policy evaluation against a policy that really ran at the same time."""

import sys
from dataclasses import dataclass
from math import hypot
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.loop.limits import Figure
from benchmarks.loop.open_bandit import folder
from campaigns.experiments.statistics.off_policy import Estimate, OffPolicy, doubly_robust, evaluate

CAMPAIGNS = ("all", "men", "women")
FOLDS = 5
#: An item's click rate is steadied by so many decisions of all items.
STEADY = 500.0


@dataclass(frozen=True)
class Log:
    """Hold a log's columns, one entry a decision."""

    items: npt.NDArray[np.int64]
    clicks: npt.NDArray[np.float64]
    chances: npt.NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> "Log":
        """Read the columns that are needed of a CSV of the sample."""
        frame = pl.read_csv(path, columns=["item_id", "click", "propensity_score"])
        return cls(
            frame["item_id"].to_numpy().astype(np.int64),
            frame["click"].to_numpy().astype(np.float64),
            frame["propensity_score"].to_numpy().astype(np.float64),
        )


@dataclass(frozen=True)
class Comparison:
    """Hold a uniform policy's estimates from the BTS log, and what the random log really brought."""

    campaign: str
    estimate: OffPolicy
    robust: Estimate
    truth: float
    truth_se: float

    @property
    def distance(self) -> float:
        """Return how many standard errors of the difference lie between estimate and truth."""
        return abs(self.estimate.ips - self.truth) / hypot(self.estimate.ips_se, self.truth_se)

    @property
    def robust_distance(self) -> float:
        """Return the same of the doubly robust estimate."""
        return abs(self.robust.value - self.truth) / hypot(self.robust.se, self.truth_se)


def compare(where: Path, campaign: str) -> Comparison:
    """Judge the uniform policy from one campaign's BTS log. About 50 ms."""
    bts, random = (Log.read(where / policy / campaign / f"{campaign}.csv") for policy in ("bts", "random"))
    count = int(max(bts.items.max(), random.items.max())) + 1
    uniform = np.full(len(bts.clicks), 1 / count)
    predicted, expected = _cross_fitted(bts, count)
    spread = float(random.clicks.std(ddof=1)) / np.sqrt(len(random.clicks))
    return Comparison(
        campaign,
        evaluate(bts.clicks, bts.chances, uniform),
        doubly_robust(bts.clicks, bts.chances, uniform, predicted, expected),
        float(random.clicks.mean()),
        float(spread),
    )


def _cross_fitted(log: Log, count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return each row's click rate by item, and the mean over all items, learned from the other folds."""
    fold = np.arange(len(log.items)) % FOLDS
    predicted, expected = np.empty(len(fold)), np.empty(len(fold))
    for k in range(FOLDS):
        items, clicks = log.items[fold != k], log.clicks[fold != k]
        shown, clicked = np.bincount(items, minlength=count), np.bincount(items, clicks, count)
        rates = (clicked + STEADY * clicks.mean()) / (shown + STEADY)
        predicted[fold == k], expected[fold == k] = rates[log.items[fold == k]], rates.mean()
    return predicted, expected


def measure() -> list[Figure]:
    """Return the results of the three campaigns; nothing, said loudly, where the sample cannot be had."""
    where = folder()
    if where is None:
        print(
            "SKIPPED: no Open Bandit sample. Name its folder by OPEN_BANDIT, or let pip reach an index.",
            file=sys.stderr,
        )
        return []
    found = {name: compare(where, name) for name in CAMPAIGNS}
    for one in found.values():
        e = one.estimate
        refused = ", ".join(e.refusals) or "judged"
        print(
            f"{one.campaign}: IPS {e.ips:.5f} ± {e.ips_se:.5f}, SNIPS {e.snips:.5f} ± {e.snips_se:.5f}, "
            f"DR {one.robust.value:.5f} ± {one.robust.se:.5f}; random really {one.truth:.5f} ± "
            f"{one.truth_se:.5f}; {one.distance:.2f} errors apart (DR {one.robust_distance:.2f}); "
            f"effective sample {e.effective_n:.0f}, mean weight {e.mean_weight:.2f}: {refused}",
            file=sys.stderr,
        )
    judged = [found[name] for name in CAMPAIGNS if found[name].estimate.judgeable]
    return [
        *(
            Figure(f"{one.campaign}_apart", one.distance, "standard errors", 2, at_most=True)
            for one in judged
            if one.campaign != "women"
        ),
        Figure("all_and_men_judged", sum(one.campaign != "women" for one in judged), "logs", 2),
        Figure("women_refused", float(not found["women"].estimate.judgeable), "logs", 1),
    ]
