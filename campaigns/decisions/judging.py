"""What another choice of strategy would have brought, from the log alone, and when the log cannot tell."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from campaigns.decisions.frame import earned
from campaigns.experiments.statistics.off_policy import OffPolicy, evaluate
from campaigns.experiments.statistics.results import NotComputableError

#: A policy: by persona each strategy's chance; "" stands for personas that are not named.
Policy = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a policy would have earned a person, or why that cannot be said offline."""

    estimate: OffPolicy | None
    reason: str

    @property
    def judgeable(self) -> bool:
        """Tell whether the estimate may be used; otherwise test the policy live."""
        return self.estimate is not None and self.estimate.judgeable


def usable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the decisions that can judge a policy: written to, by a strategy, with a window that closed.

    Who was written to is a share of all by design, the same for everybody of a run: chances are those given
    that somebody is written to.
    """
    held = (
        pl.col("eligible")
        .str.json_decode(_ELIGIBLE)
        .list.eval(pl.element().struct.field("p").filter(pl.element().struct.field("key") == "held-out"))
        .list.sum()
    )
    chosen = frame.filter((pl.col("written") == 1) & (pl.col("strategy") != "") & pl.col("closed"))
    return chosen.with_columns(p=(pl.col("propensity") / (1 - held)).clip(0, 1))


_ELIGIBLE = pl.List(pl.Struct({"key": pl.String, "strategy": pl.String, "p": pl.Float64}))


def judge(frame: pl.DataFrame, policy: Policy) -> Judged:
    """Evaluate a policy on the log: IPS and SNIPS with the gate of statistics.off_policy.

    Several arms of a test may share a strategy: then an arm's chance is compared with the policy's share of
    its strategy, which is that of the arm alone where strategies differ.
    """
    rows = usable(frame)
    if rows.is_empty():
        return Judged(None, "no closed decisions")
    table = [(persona, strategy, p) for persona, shares in policy.items() for strategy, p in shares.items()]
    wanted = pl.DataFrame(
        table, schema={"persona": pl.String, "strategy": pl.String, "target": pl.Float64}, orient="row"
    )
    known = list(policy)
    rows = rows.with_columns(
        persona=pl.when(pl.col("persona").is_in(known)).then("persona").otherwise(pl.lit(""))
    ).join(wanted, on=["persona", "strategy"], how="left")
    rewards = rows.select(earned().alias("r"))["r"]
    try:
        found = evaluate(rewards, rows["p"], rows["target"].fill_null(0.0))
    except NotComputableError:
        return Judged(None, "never shown")
    return Judged(found, "; ".join(found.refusals))
