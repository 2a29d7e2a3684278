"""Watch what was promoted while the strategy before keeps a share: harm takes it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import structlog
from django.db import transaction
from django.utils.translation import gettext_noop as noop

from accounts import notices
from accounts.audit import record
from accounts.models import Notice
from campaigns.decisions.frame import read_log
from campaigns.decisions.outcomes import margin_share
from campaigns.experiments.statistics.moments import Moments
from campaigns.experiments.statistics.proportions import MIN_ARM, unpooled_se
from campaigns.experiments.statistics.sequential import always_valid
from campaigns.tuning.holdback import CAMPAIGNS
from campaigns.tuning.models import Holdback
from core.copy import copy_to_frame
from recommendations.models import Champion
from recommendations.services.tuning import roll_back

log = structlog.get_logger(__name__)

#: What the strategy that was promoted may cost: in points, revenue as a share of the one before's.
MARGINS: Mapping[str, float] = {"unsubscribed": 0.001, "complained": 0.0002, "revenue": 0.02}
REASON = noop("A guardrail failed: the strategy before serves again.")

_RETURNS = """
SELECT e.properties->>'run' AS run, e.customer_id, bool_or(e.type = 'unsubscribe')::int AS unsubscribed,
       bool_or(e.type = 'message_complained')::int AS complained
  FROM events_event e
 WHERE e.properties->>'run' = ANY(%(runs)s) AND e.type IN ('unsubscribe', 'message_complained')
   AND e.occurred_at <= %(as_of)s
 GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a guardrail says: how much worse the new one is, and whether that is surely beyond the margin."""

    name: str
    harm: float
    margin: float
    low: float
    harmed: bool


def watch_promotions(*, now: datetime) -> list[Holdback]:
    """Look at every running holdback and return those that ended now.

    Harm counts when an interval that holds at every look lies wholly beyond the margin: then the promotion
    is rolled back, audited, and whoever may decide is told. After two campaigns whose windows have closed
    the new one stays. One that another decision replaced ends. Costs what reading its log does.
    """
    ended = []
    for holdback in Holdback.objects.filter(state=Holdback.State.RUNNING).select_related("decision"):
        try:
            if _watch(holdback, now):
                ended.append(holdback)
        except Exception:
            log.exception("holdback_not_watched", holdback=holdback.pk)  # the next hour tries again
    return ended


def guards(frame: pl.DataFrame, holdback: Holdback) -> list[Guarded]:
    """Return what each guardrail says of the new strategy against the one before.

    `frame` is the log with unsubscribed and complained. An always valid interval decides
    (Waudby-Smith et al. 2021, statistics.sequential): right however often one looks.
    """
    old = frame.filter(pl.col("strategy") == holdback.old)
    new = frame.filter(pl.col("strategy") == holdback.new)
    if min(old.height, new.height) < MIN_ARM:
        return []
    found, planned = [], max(holdback.planned, 1)
    for name in ("unsubscribed", "complained"):
        x1, x2 = int(old[name].sum()), int(new[name].sum())
        se = unpooled_se(x1, old.height, x2, new.height)
        found.append(
            _guard(name, x2 / new.height - x1 / old.height, se, MARGINS[name], frame.height, planned)
        )
    before, after = (Moments.from_values(part["revenue"].to_numpy()) for part in (old, new))
    if before.mean > 0:
        kept = 1 - MARGINS["revenue"]
        # Beyond the margin when this is above 0; no ratio is needed (Laster & Johnson 2003).
        harm = (kept * before.mean - after.mean) / before.mean
        se = (kept**2 * before.mean_variance + after.mean_variance) ** 0.5 / before.mean
        found.append(
            _guard("revenue", harm + MARGINS["revenue"], se, MARGINS["revenue"], frame.height, planned)
        )
    return found


def _guard(name: str, harm: float, se: float, margin: float, people: int, planned: int) -> Guarded:
    low = always_valid(harm, se, people, planned).interval.low if se > 0 else min(harm, margin)
    return Guarded(name, harm, margin, low, low > margin)


def _watch(holdback: Holdback, now: datetime) -> bool:
    champion = Champion.objects.filter(use=holdback.use).values_list("decision_id", flat=True).first()
    if champion != holdback.decision_id:
        return _end(holdback, Holdback.State.ENDED, {}, now)
    frame = _facts(holdback, now)
    if frame.is_empty():
        return False
    said = guards(frame, holdback)
    result: dict[str, Any] = {
        "people": dict(frame.group_by("strategy").len().sort("strategy").iter_rows()),
        "guards": [
            {"name": one.name, "harm": one.harm, "margin": one.margin, "low": one.low} for one in said
        ],
    }  # fmt: skip
    if any(one.harmed for one in said):
        return _take_back(holdback, result, now)
    over = frame.filter(pl.col("turn") == "")["closed"].all()  # triggered messages go on and on
    if len(holdback.campaigns) >= CAMPAIGNS and over:
        return _end(holdback, Holdback.State.KEPT, result, now)
    Holdback.objects.filter(pk=holdback.pk).update(result=result)
    return False


def _facts(holdback: Holdback, now: datetime) -> pl.DataFrame:
    frame = read_log(holdback.use, as_of=now, since=holdback.created_at, margin_share=margin_share())
    name = f"holdback:{holdback.pk}"  # a test of something else may stand behind it
    frame = frame.filter(
        (pl.col("written") == 1)
        & pl.col("strategy").is_in([holdback.old, holdback.new])
        & ((pl.col("policy") == name) | pl.col("policy").str.starts_with(f"{name} "))
    )
    if frame.is_empty():
        return frame
    returns = copy_to_frame(
        _RETURNS,
        {"runs": frame["run"].unique().to_list(), "as_of": now},
        schema={
            "run": pl.String, "customer_id": pl.Int64, "unsubscribed": pl.Int8, "complained": pl.Int8,
        },
    )  # fmt: skip
    return frame.join(returns, on=["run", "customer_id"], how="left").with_columns(
        pl.col("unsubscribed", "complained").fill_null(0)
    )


@transaction.atomic
def _take_back(holdback: Holdback, result: dict[str, Any], now: datetime) -> bool:
    if not _end(holdback, Holdback.State.ROLLED_BACK, result, now):
        return False
    roll_back(holdback.decision, user=None, now=now, reason=REASON)
    notices.tell(
        "recommendations.change_tuningdecision",
        Notice.Kind.EXPERIMENT,
        REASON,
        "/admin/tuning/",
        now,
        key=f"holdback:{holdback.pk}",
    )
    return True


@transaction.atomic
def _end(holdback: Holdback, state: str, result: dict[str, Any], now: datetime) -> bool:
    """Close a holdback once; say whether it was open."""
    ended = Holdback.objects.filter(pk=holdback.pk, state=Holdback.State.RUNNING).update(
        state=state, result=result, ended_at=now
    )
    if ended:
        record(
            action="tuning.holdback_ended", target=holdback, now=now, actor="tuning", after={"state": state}
        )
    return bool(ended)
