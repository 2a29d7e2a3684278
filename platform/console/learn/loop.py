"""The loop on one page: what campaigns caused, what was learned from them, and what that changed."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.impact import Moment, impact_over_time
from console.learn import loop_pictures
from console.learn.loop_lessons import lessons
from console.learn.recommendations import experiments_of
from console.page import Page
from core import clock
from core.figures import money_text
from recommendations.models import TuningDecision
from recommendations.selectors import tuning_history

#: What campaigns caused is added up over so long; so many decisions are shown.
PERIOD, HISTORY = timedelta(days=365), 30
_State = TuningDecision.State


class Loop(Page):
    """The verdict first; then the lessons, and the history with its evidence and the way back."""

    permission_required = ("recommendations.view_tuningdecision",)
    template_name = "console/loop.html"
    title = gettext_lazy("What was learned")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what was caused in a year, what is known, and the newest decisions. About ten queries."""
        until = clock.known_until(clock.now())
        # Revenue is for those who may see campaigns' results.
        sees = self.request.user.has_perm("campaigns.view_campaign")
        moments = impact_over_time(until - PERIOD, until) if sees else []
        known = lessons()
        decisions = tuning_history(limit=HISTORY)
        experiments = experiments_of(decisions)
        may = self.request.user.has_perm("recommendations.change_tuningdecision")
        anything = any(known.values()) or bool(decisions) or any(m.incremental for m in moments)
        return super().get_context_data(
            sees=sees,
            verdict=_verdict(moments[-1]) if moments else None,
            caused=loop_pictures.caused(moments),
            known=known,
            waiting=[_step(one, experiments) for one in decisions if one.state == _State.PROPOSED],
            decisions=[_step(one, experiments) for one in decisions if one.state != _State.PROPOSED],
            anything=anything,
            may_decide=may,
            may_roll_back=may,
            **kwargs,
        )


def _step(decision: TuningDecision, experiments: dict[str, Any]) -> dict[str, Any]:
    """Return a decision with the test it rests on, and how its sign looks. Nothing undone is green."""
    tones = {_State.APPLIED: "ok", _State.PROPOSED: "info", _State.ROLLED_BACK: "warn"}
    return {
        "decision": decision,
        "experiment": experiments.get(decision.reference.partition("#")[0]),
        "tone": tones.get(_State(decision.state), ""),
    }


def _verdict(last: Moment) -> dict[str, str]:
    """Say what campaigns caused; green only where the likely range lies above nothing."""
    span = last.incremental
    if span is None:
        return {
            "tone": "",
            "icon": "help",
            "sentence": _("It is not known yet what campaigns cause."),
            "detail": _("Hold some people out of each campaign: comparing them with the others tells."),
        }
    words = {
        "value": money_text(span.value, whole=True),
        "low": money_text(span.low, whole=True),
        "high": money_text(span.high, whole=True),
        "n": last.campaigns,
    }
    detail = (
        ngettext(
            "From %(n)d campaign of the last year that held people out: %(low)s to %(high)s.",
            "Added up over %(n)d campaigns of the last year that held people out: %(low)s to %(high)s.",
            last.campaigns,
        )
        % words
    )
    if span.low > 0:
        return {
            "tone": "ok", "icon": "trending_up", "detail": detail,
            "sentence": _("Campaigns brought about %(value)s that would not have come otherwise.") % words,
        }  # fmt: skip
    if span.high < 0:
        return {
            "tone": "bad", "icon": "trending_down", "detail": detail,
            "sentence": _("Campaigns cost about %(value)s of revenue.") % words,
        }  # fmt: skip
    return {
        "tone": "", "icon": "balance", "detail": detail,
        "sentence": _("No clear difference yet between people written to and people left alone."),
    }  # fmt: skip
