"""Where scores and their versions are written."""

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import polars as pl
from django.conf import settings
from django.db import connection, transaction

from core.copy import copy_from_frame, copy_to_frame
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores.runs import Run
from recommender.columns import SCORE, USER
from recommender.scoring import Unknown

BATCH = 10_000
#: So many trained versions of a kind keep their artefact; the cards of older ones stay.
KEPT = 3

# Who was erased, merged away or objected since the facts were read gets no score.
_WRITE = """
INSERT INTO profiles_customerscore (customer_id, kind, model_version, score, low, high, reasons, as_of)
SELECT s.customer_id, %(kind)s, %(version)s, s.score, s.low, s.high, s.reasons::jsonb, %(as_of)s
FROM score_batch s
JOIN customers_customer c ON c.id = s.customer_id AND NOT c.no_profiling
ORDER BY s.customer_id
ON CONFLICT (customer_id, kind) DO UPDATE SET
    model_version = EXCLUDED.model_version, score = EXCLUDED.score, low = EXCLUDED.low,
    high = EXCLUDED.high, reasons = EXCLUDED.reasons, as_of = EXCLUDED.as_of
"""

_SCORED = """
SELECT customer_id::text AS user_id FROM profiles_customerscore
WHERE kind = %(kind)s AND model_version = %(version)s
"""


class Artifact(Protocol):
    """What is trained and can be stored."""

    def save(self, folder: str | Path) -> str:
        """Write to a new folder and return the digest."""


def keep(
    run: Run,
    kind: str,
    model: str,
    card: Mapping[str, Any],
    trained: Artifact,
    drift: Sequence[Mapping[str, Any]],
) -> ScoreVersion:
    """Store what was trained, not yet in use: the artefact before its row, with its checksum."""
    version = _version(run, kind, known=True, model=model, card=card, drift=list(drift))
    version.artifact = str(Path("scores") / str(version.pk))
    version.checksum = trained.save(settings.ARTIFACTS / version.artifact)
    version.save(force_insert=True)
    run.versions[kind] = version
    return version


@transaction.atomic
def keep_unknown(run: Run, missing: Unknown) -> ScoreVersion:
    """Store what a score lacks, and drop the numbers that were said before."""
    card = {name: getattr(missing, name) for name in ("kind", "what", "found", "needed", "missing")}
    version = _version(run, missing.kind, known=False, card=card)
    version.save(force_insert=True)
    put_in_use(version)
    return version


def _version(run: Run, kind: str, *, card: Mapping[str, Any], **fields: Any) -> ScoreVersion:
    card = _without_nan({**card, "run": run.key, "seed": run.seed})
    return ScoreVersion(kind=kind, as_of=run.as_of, created_at=run.started, card=card, **fields)


def _without_nan(value: Any) -> Any:
    """Return the value with null for numbers that JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def still_without(version: ScoreVersion, people: pl.DataFrame) -> pl.DataFrame:
    """Return the people whom this version has not been given to: after a stop in the middle, the rest."""
    parameters = {"kind": version.kind, "version": str(version.pk)}
    scored = copy_to_frame(_SCORED, parameters, {USER: pl.String})
    return people.join(scored, on=USER, how="anti", maintain_order="left") if scored.height else people


@transaction.atomic
def write_batch(scored: pl.DataFrame, version: ScoreVersion) -> int:
    """Write user_id, score, low, high, reasons (lists of structs, or none). 10,000 rows take about 0.4 s."""
    listed = (
        [json.dumps(reasons.to_list()) for reasons in scored["reasons"]]
        if "reasons" in scored.columns
        else ["[]"] * scored.height
    )
    rows = scored.select(
        pl.col(USER).cast(pl.Int64).alias("customer_id"), SCORE, "low", "high", pl.Series("reasons", listed)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE score_batch (customer_id bigint, score float8, low float8, high float8,"
            " reasons text) ON COMMIT DROP"
        )
        copy_from_frame(rows, "score_batch")
        parameters = {"kind": version.kind, "version": str(version.pk), "as_of": version.as_of}
        cursor.execute(_WRITE, parameters)
        written = int(cursor.rowcount)
        cursor.execute("DROP TABLE score_batch")
    return written


@transaction.atomic
def put_in_use(version: ScoreVersion) -> None:
    """Make the version the one in use and drop what older ones said of whom it says nothing."""
    ScoreVersion.objects.filter(kind=version.kind, active=True).exclude(pk=version.pk).update(active=False)
    own = CustomerScore.objects.filter(kind=version.kind, model_version=str(version.pk))
    version.active = True
    version.customers = own.count()
    version.save(update_fields=["active", "customers"])
    stale = CustomerScore.objects.filter(kind=version.kind).exclude(model_version=str(version.pk))
    # No signals and nothing that points at scores: one DELETE.
    stale._raw_delete(stale.db)


def prune() -> int:
    """Remove the artefacts of all but the last versions of each kind; return how many were removed.

    Kept are three trained ones a kind, whatever is in use, and what a customer's score still refers to.
    The row goes first: an artefact without a row harms nobody, a row without its artefact would. Cards stay.
    """
    removed = 0
    for kind in CustomerScore.Kind.values:
        trained = ScoreVersion.objects.filter(kind=kind, known=True).order_by("-created_at", "-pk")
        spared = set(trained.values_list("pk", flat=True)[:KEPT])
        referred = set(
            CustomerScore.objects.filter(kind=kind).values_list("model_version", flat=True).distinct()
        )
        for version in trained.filter(active=False).exclude(artifact=""):
            if version.pk in spared or str(version.pk) in referred:
                continue
            folder = settings.ARTIFACTS / version.artifact
            ScoreVersion.objects.filter(pk=version.pk).update(artifact="", checksum="")
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed
