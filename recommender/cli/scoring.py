"""Score every customer: what they will probably do, and what they will bring."""

import json
from argparse import Namespace
from dataclasses import asdict
from typing import Any

import polars as pl

from recommender.cli.console import counted, say, writable, write_table
from recommender.columns import TIME, USER
from recommender.dataset import DAY
from recommender.errors import DataError
from recommender.reading import clean_interactions, moment, read_table
from recommender.scoring import Past, Tables, Unknown, train_all
from recommender.scoring.lifetime import check, fit_lifetime_value, purchases

VALUE = "lifetime_value"


def score(options: Namespace) -> None:
    """Write user_id, kind, score, low, high, reasons; with --report also how each was found."""
    target = writable(options.out)
    report = writable(options.report) if options.report else None
    if options.days <= 0:
        raise DataError(f"--days must be above 0, not {options.days:g}")
    cleaned = clean_interactions(read_table(options.interactions))
    counted(cleaned.rejected)
    past = Past.from_interactions(cleaned, read_table(options.responses) if options.responses else None)
    if past.baskets.is_empty():
        raise DataError("no usable interactions")
    # The last row itself is known, so the moment is just after it.
    at = moment(options.as_of) if options.as_of else float(past.baskets[TIME].max()) + 1  # type: ignore[arg-type]
    if not (past.baskets[TIME] < at).any():
        raise DataError(f"no interactions before {options.as_of}")
    parts, cards = _propensities(past, at, options.seed)
    value, card = _value(past, at, options.days, options.seed)
    cards[VALUE] = card
    write_table(pl.concat([*parts, *value]), target)
    if report is not None:
        report.write_text(json.dumps(cards, ensure_ascii=False) + "\n", encoding="utf-8")
        say(f"wrote {report}")


def _propensities(past: Past, at: float, seed: int) -> tuple[list[pl.DataFrame], dict[str, Any]]:
    tables = Tables(past, at)
    parts, cards = [_rows(pl.DataFrame(schema=dict.fromkeys((USER,), pl.String)), "")], {}
    for kind, model in train_all(tables, seed).items():
        if isinstance(model, Unknown):
            say(str(model))
            cards[kind] = asdict(model)
            continue
        quality = model.card["compared"][model.card["model"]]
        say(
            f"{kind}: {model.card['model']}, AUC {quality['auc']['mean']:.3f} "
            f"(best single feature {model.card['single']['auc']:.3f}), "
            f"calibration error {quality['calibration_error']:.3f} on the last {model.card['days']:g} days"
        )
        drift = [asdict(row) for row in model.drift(tables.at(0.0))]
        cards[kind] = {**model.card, "drift": drift}
        parts.append(_rows(model.score(tables.at(0.0)), kind))
    return parts, cards


def _value(past: Past, at: float, days: float, seed: int) -> tuple[list[pl.DataFrame], dict[str, Any]]:
    people = purchases(past.baskets, at)
    fitted = fit_lifetime_value(people)
    if isinstance(fitted, Unknown):
        say(str(fitted))
        return [], asdict(fitted)
    said = fitted.predict(people, days, seed=seed).rename({"value": "score"})
    card: dict[str, Any] = {"days": days, **asdict(fitted)}
    held = check(past.baskets, at - days * DAY, days, seed)
    if isinstance(held, Unknown):
        say(f"not checked against held-out days: {held.found} {held.what}, {held.needed} are needed")
    else:
        card["check"] = asdict(held)
        say(
            f"{VALUE}: mean absolute error {held.error:.2f} on the last {days:g} days "
            f"(same as the period before: {held.last_period_error:.2f}), whole {held.total_error:+.1%}"
        )
    return [_rows(said, VALUE)], card


def _rows(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    numbers = [
        pl.col(name).cast(pl.Float64) if name in frame.columns else pl.lit(None, pl.Float64).alias(name)
        for name in ("score", "low", "high")
    ]
    reasons = pl.lit("").alias("reasons")
    if "reasons" in frame.columns:
        reason = pl.element().struct
        words = pl.format(
            "{}={} ({})",
            reason.field("feature"),
            reason.field("value").fill_null(float("nan")),
            reason.field("adds"),
        )
        reasons = pl.col("reasons").list.eval(words).list.join("; ")
    return frame.select(pl.col(USER), pl.lit(kind).alias("kind"), *numbers, reasons)
