"""The kinds of decisions that campaigns' tuning adds. Light: every process knows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from campaigns.tuning.choosing import ANYBODY, SHARES, subject_of
from campaigns.tuning.standing import COUPON_VALUES, SEND_HOURS, TARGETING
from recommendations.models import Posterior, TuningDecision, TuningPolicy
from recommendations.services.tuning import (
    StaleDecisionError,
    TuningKind,
    register,
    strategy_name,
    use_name,
)


def register_kinds() -> None:
    """Let them be proposed, applied and rolled back."""
    register(SHARES_KIND)
    register(CANDIDATE_KIND)
    for kind in (SEND_HOURS, COUPON_VALUES, TARGETING):
        register(kind)


def _apply(decision: TuningDecision, now: datetime) -> None:
    _put(decision, decision.before, decision.after, now)


def _undo(decision: TuningDecision, now: datetime) -> None:
    _put(decision, decision.after, decision.before, now)


def _put(decision: TuningDecision, stands: Mapping[str, Any], put: Mapping[str, Any], now: datetime) -> None:
    stored, created = Posterior.objects.select_for_update().get_or_create(
        subject=subject_of(decision.use), key=SHARES, defaults={"parameters": dict(put), "updated_at": now}
    )
    if created:
        return
    if stored.parameters["reference"] != stands["reference"]:
        raise StaleDecisionError(_("A newer decision stands on this one. Roll that back first."))
    stored.parameters, stored.updated_at = dict(put), now
    stored.save(update_fields=["parameters", "updated_at"])


def _describe(decision: TuningDecision) -> str:
    given = decision.after["shares"].get(ANYBODY, {})
    best = sorted(given.items(), key=lambda pair: -pair[1])[:3]
    named = ", ".join(f"{strategy_name(key)} {share:.0%}" for key, share in best)
    personas = len([persona for persona in decision.after["shares"] if persona])
    values = {"use": use_name(decision.use), "shares": named, "personas": personas}
    if personas > 0:
        return _("%(use)s: the next campaign draws %(shares)s, and by persona for %(personas)s") % values
    return _("%(use)s: the next campaign draws %(shares)s") % values


SHARES_KIND = TuningKind("strategy-shares", noop("Which strategy for whom"), _apply, _undo, _describe)


def candidates_subject(use: str) -> str:
    """Return under which subject the strategies are kept that are tried live."""
    return f"candidates:{use}"


def _apply_candidate(decision: TuningDecision, now: datetime) -> None:
    _put_candidates(decision, decision.before, decision.after, now)


def _undo_candidate(decision: TuningDecision, now: datetime) -> None:
    _put_candidates(decision, decision.after, decision.before, now)


def _put_candidates(
    decision: TuningDecision, stands: Mapping[str, Any], put: Mapping[str, Any], now: datetime
) -> None:
    stored, _created = Posterior.objects.select_for_update().get_or_create(
        subject=candidates_subject(decision.use),
        key="",
        defaults={"parameters": {"live": stands["live"]}, "updated_at": now},
    )
    if stored.parameters["live"] != stands["live"]:
        raise StaleDecisionError(_("A newer decision stands on this one. Roll that back first."))
    stored.parameters, stored.updated_at = {"live": put["live"]}, now
    stored.save(update_fields=["parameters", "updated_at"])


def _describe_candidate(decision: TuningDecision) -> str:
    new = [key for key in decision.after["live"] if key not in decision.before["live"]]
    return _("%(use)s: try %(names)s on a part of the people") % {
        "use": use_name(decision.use),
        "names": ", ".join(map(strategy_name, new)),
    }


#: A person lets a new strategy be tried, unless the shop says otherwise.
CANDIDATE_KIND = TuningKind(
    "candidate",
    noop("Which new strategies are tried"),
    _apply_candidate,
    _undo_candidate,
    _describe_candidate,
    default=TuningPolicy.Mode.APPROVE,
)
