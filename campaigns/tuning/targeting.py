"""Whether offers go to those whom they change: refitted on people whom chance left alone, and judged."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from campaigns.targeting.evidence import SUBJECT, as_json, trial
from campaigns.targeting.models import OfferPlan
from campaigns.tuning.standing import JSON, TARGETING
from core import clock
from recommendations.models import Posterior, TuningDecision
from recommendations.services.tuning import Figures, propose
from recommender.uplift import judge

_MONTHS = """
SELECT x.id, to_char(met.at, 'YYYY-MM'), max(met.at) + make_interval(days => x.window_days)
  FROM targeting_knownthen k
  JOIN experiments_experiment x ON x.id = k.experiment_id
  JOIN experiments_assignment a ON a.experiment_id = x.id AND a.customer_id = k.customer_id
  JOIN experiments_exposure met ON met.assignment_id = a.id
 GROUP BY x.id, 2
"""
#: What holds before anything was proven.
PLAIN: JSON = {"use": False, "evidence": {}}


@transaction.atomic
def learn_targeting(*, now: datetime) -> list[TuningDecision]:
    """Judge anew when another window is over: effects are used only where they beat every habit.

    Of a plan, or of a campaign that offered a code and left people alone without one, whose messages went in
    one month: one that goes on by its triggers is judged month by month.

    The ship rule is recommender.uplift.judge: the paired interval must lie above the response model and above
    the best single figure. Proven no longer, they are not used any more. Nothing is read while none has
    closed since; 64,000 rows take about 40 s of one core.
    """
    as_of = clock.known_until(now)
    closed = _closed(as_of)
    if closed is None:
        return []
    reference = f"targeting:{closed}"
    if known := TuningDecision.objects.filter(kind=TARGETING.key, use=SUBJECT, reference=reference).first():
        return [known]
    found = judge(trial(as_of))
    evidence = as_json(found)
    row, _created = Posterior.objects.get_or_create(
        subject=SUBJECT, key="", defaults={"parameters": PLAIN, "updated_at": now}
    )
    before: dict[str, Any] = dict(row.parameters)
    after = {"use": found.ships, "evidence": evidence}
    if found.ships == before["use"]:
        # Nothing changes but what it stands on, which the plans' pages tell.
        row.parameters = before = after
        row.save(update_fields=["parameters"])
    verdict = TuningDecision.Verdict.BETTER if found.ships else TuningDecision.Verdict.NO_DIFFERENCE
    return [
        propose(
            TARGETING.key,
            SUBJECT,
            evidence=Figures(reference, as_of, evidence, kind="history", verdict=verdict.value),
            before=before,
            after=after,
            now=now,
        )
    ]


def _closed(as_of: datetime) -> str | None:
    """Return the name of what closed last: a plan, or a test's month. Two queries."""
    ended = [
        (plan.launched_at + timedelta(days=plan.window_days), str(plan.pk))
        for plan in OfferPlan.objects.filter(launched_at__lte=as_of)
        if plan.launched_at
    ]
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS)
        ended += [(at, f"{test}:{month}") for test, month, at in cursor.fetchall()]
    return max((row for row in ended if row[0] <= as_of), default=(as_of, None))[1]
