"""A trained score: probabilities with a band, the reasons of each, and a card that says what it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recommender.arrays import AnyArray, Float64
from recommender.columns import SCORE, USER
from recommender.errors import ArtifactError
from recommender.scoring.additive import Additive, family
from recommender.scoring.calibration import Calibration
from recommender.scoring.drift import Drift, Reference
from recommender.scoring.examples import matrix
from recommender.scoring.targets import TARGETS, Target
from recommender.storage import read_folder, write_folder

REASONS = 3
#: A term that changes the odds by less than this is no reason.
SLIGHT = 0.05


@dataclass(frozen=True)
class Reason:
    """A feature, its value for this customer, and what it adds to the log-odds of an average one."""

    feature: str
    value: float | None
    adds: float


@dataclass(frozen=True)
class ScoreModel:
    """``sign`` is -1 where the opposite of what was learned is said (purchase out of churn)."""

    target: Target
    names: tuple[str, ...]
    model: Additive
    calibration: Calibration
    reference: Reference
    card: Mapping[str, Any]
    sign: float = 1.0

    def contributions(self, frame: pl.DataFrame) -> Float64:
        """Return customers x features: exact terms of the log-odds before calibration."""
        return self.sign * self.model.contributions(matrix(frame, self.names))

    def score(self, frame: pl.DataFrame, reasons: int = REASONS) -> pl.DataFrame:
        """Return user_id, score, low, high, reasons (lists of feature, value, adds) for a feature table.

        Who is not among those the score is about is left out. ``low`` to ``high`` is the 95 % band of the
        share that comes true among customers with this score. 10,000 customers take about 0.5 s.
        """
        frame = self.target.population(frame)
        values = matrix(frame, self.names)
        terms = self.sign * self.model.contributions(values)
        margin = self.sign * self.model.intercept + terms.sum(axis=1)
        said, low, high = self.calibration.probability(margin)
        named = [
            [vars(reason) for reason in self._reasons(row, own, reasons)]
            for row, own in zip(terms, values, strict=True)
        ]
        kind = pl.List(pl.Struct({"feature": pl.String, "value": pl.Float64, "adds": pl.Float64}))
        return pl.DataFrame(
            {USER: frame[USER], SCORE: said, "low": low, "high": high, "reasons": named},
            schema_overrides={"reasons": kind, USER: pl.String},
        )

    def _reasons(self, terms: Float64, values: Float64, count: int) -> list[Reason]:
        order = np.argsort(-np.abs(terms))[:count]
        return [
            Reason(
                self.names[place],
                None if np.isnan(values[place]) else round(float(values[place]), 4),
                round(float(terms[place]), 4),
            )
            for place in order
            if abs(terms[place]) >= SLIGHT
        ]

    def drift(self, frame: pl.DataFrame) -> tuple[Drift, ...]:
        """Compare the customers to be scored with the training window, most changed feature first."""
        return self.reference.drift(self.names, matrix(self.target.population(frame), self.names))

    def mirrored(self, target: Target) -> "ScoreModel":
        """Return the model of the opposite outcome; both probabilities add up to 1."""
        card = {**self.card, "kind": target.kind, "mirrors": self.target.kind}
        return replace(
            self, target=target, calibration=self.calibration.mirrored(), card=card, sign=-self.sign
        )

    def save(self, folder: str | Path) -> str:
        """Write to a new folder and return the digest; see storage.write_folder."""
        numbers, parts = self.model.content()
        curve = self.calibration
        arrays: dict[str, AnyArray] = {f"model_{name}": part for name, part in parts.items()}
        arrays |= {"at": curve.at, "said": curve.said, "low": curve.low, "high": curve.high}
        content = {
            "kind": self.target.kind,
            "names": list(self.names),
            "family": self.model.name,
            "numbers": numbers,
            "method": curve.method,
            "sign": self.sign,
            "card": dict(self.card),
        }
        return write_folder(folder, {"score": content}, arrays | self.reference.arrays())

    @classmethod
    def load(cls, folder: str | Path, digest: str | None = None) -> "ScoreModel":
        """Read it back; raises ArtifactError where anything was changed."""
        content, arrays = read_folder(folder, digest)
        try:
            stored = content["score"]
            parts = {name[6:]: part for name, part in arrays.items() if name.startswith("model_")}
            curve = Calibration(stored["method"], *(arrays[name] for name in ("at", "said", "low", "high")))
            return cls(
                TARGETS[stored["kind"]],
                tuple(stored["names"]),
                family(stored["family"]).restore(stored["numbers"], parts),
                curve,
                Reference(arrays["reference_edges"], arrays["reference_shares"]),
                stored["card"],
                float(stored["sign"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"{folder}: holds no score ({error})") from error
