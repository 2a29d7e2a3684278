"""What holds for campaigns and is changed by decisions: one row of Posterior a thing, put and put back.

Light: every process knows the kinds.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from campaigns import values
from campaigns.schedule import learned
from recommendations.models import Posterior, TuningDecision, TuningPolicy
from recommendations.services.tuning import StaleDecisionError, TuningKind

JSON = dict[str, Any]
LATELY = timedelta(days=90)


def holds(subject: str, key: str) -> JSON:
    """Return what holds now; empty before the first decision. One query."""
    found = Posterior.objects.filter(subject=subject, key=key).values_list("parameters", flat=True).first()
    return dict(found or {})


def decided_lately(kind: str, subject: str, verdict: str, now: datetime) -> bool:
    """Say whether the same was found and decided, whichever way, within the last three months. One query."""
    return TuningDecision.objects.filter(
        kind=kind, use=subject, verdict=verdict, created_at__gt=now - LATELY
    ).exists()


def standing_kind(
    key: str,
    title: str,
    describe: Callable[[TuningDecision], str],
    *,
    row: str,
    default: str = TuningPolicy.Mode.AUTO,
) -> TuningKind:
    """Return a kind whose decisions replace the row (decision.use, `row`) of Posterior, and put it back."""
    return TuningKind(
        key=key,
        title=title,
        apply=lambda decision, now: _replace(decision.use, row, decision.before, decision.after, now),
        undo=lambda decision, now: _replace(decision.use, row, decision.after, decision.before, now),
        describe=describe,
        default=default,
    )


def _replace(subject: str, key: str, old: JSON, new: JSON, now: datetime) -> None:
    Posterior.objects.get_or_create(subject=subject, key=key, defaults={"parameters": {}, "updated_at": now})
    held = Posterior.objects.select_for_update().get(subject=subject, key=key)
    if held.parameters != old:
        raise StaleDecisionError(_("Something newer stands here by now. Roll that back first."))
    held.parameters, held.updated_at = new, now
    held.save(update_fields=["parameters", "updated_at"])


def _of_hours(decision: TuningDecision) -> str:
    if decision.after.get("use", True):
        return _("Campaigns send at the hour learned for each again")
    return _("Campaigns send at the usual time instead of the hour learned for each")


def _of_values(decision: TuningDecision) -> str:
    shares = ", ".join(f"{value} %: {float(share):.0%}" for value, share in decision.after.items())
    return _("The next test of coupon values begins with %(shares)s") % {"shares": shares or _("even shares")}


def _of_targeting(decision: TuningDecision) -> str:
    if decision.after.get("use"):
        return _("Offer plans choose by whom an offer changes")
    return _("Offer plans choose by the chance of redeeming: no reliable targeting gain")


SEND_HOURS = standing_kind("send_hours", noop("Send hours"), _of_hours, row=learned.USE)
COUPON_VALUES = standing_kind(
    "coupon_values",
    noop("Coupon values"),
    _of_values,
    row=values.SHARES,
    default=TuningPolicy.Mode.APPROVE,
)
TARGETING = standing_kind("targeting", noop("Whom an offer changes"), _of_targeting, row="")
