"""The page of tuning: what waits for a person, what each kind may do by itself, and what was decided."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from campaigns.tuning.selectors import Standing, running_holdbacks, standings
from console.learn.recommendations import back_to, experiments_of
from console.page import Page
from core import clock
from core.registry import UnknownEntry
from profiles.models import Persona
from recommendations.models import TuningDecision, TuningPolicy
from recommendations.selectors import tuning_history
from recommendations.services.tuning import (
    approve_decision,
    decline_decision,
    kinds,
    modes,
    set_policy,
    strategy_name,
    use_name,
)

HISTORY = 50
_State = TuningDecision.State


class Tuning(Page):
    """Proposals, what is learned, policies and the history, in eleven queries."""

    permission_required = ("recommendations.view_tuningdecision",)
    template_name = "console/recommendations/tuning.html"
    title = gettext_lazy("Tuning")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what waits, the policy of each kind and the newest decisions."""
        waiting = tuning_history(states=[_State.PROPOSED], limit=HISTORY)
        decided = tuning_history(states=[s for s in _State.values if s != _State.PROPOSED], limit=HISTORY)
        experiments = experiments_of([*waiting, *decided])
        chosen = modes()
        personas = {str(persona.number): persona for persona in Persona.objects.all()}
        user = self.request.user
        return super().get_context_data(
            waiting=[(one, experiments.get(one.reference.partition("#")[0])) for one in waiting],
            decisions=[(one, experiments.get(one.reference.partition("#")[0])) for one in decided],
            standings=[_standing(one, personas) for one in standings()],
            holdbacks=[(one, strategy_name(one.old), strategy_name(one.new)) for one in running_holdbacks()],
            policies=[{"key": key, "title": _(kind.title), "mode": chosen[key]} for key, kind in kinds],
            modes=TuningPolicy.Mode.choices,
            may_decide=user.has_perm("recommendations.change_tuningdecision"),
            may_roll_back=user.has_perm("recommendations.change_tuningdecision"),
            may_set=user.has_perm("recommendations.change_tuningpolicy"),
            **kwargs,
        )


def _standing(one: Standing, personas: Mapping[str, Persona]) -> dict[str, Any]:
    """Return what is learned of a use, in words."""
    refused = {
        "no closed decisions": _("No campaign has chosen yet whose window has closed."),
        "never shown": _("Its lists were never shown: it cannot be judged offline. Test it."),
    }
    return {
        "use": use_name(one.use),
        "needed": one.campaigns_needed,
        "pairs": one.pairs,
        "slope": one.slope,
        "shares": [
            (
                personas.get(number),
                sorted(((strategy_name(k), v) for k, v in given.items()), key=lambda pair: -pair[1]),
            )
            for number, given in one.shares.items()
            if not number or number in personas
        ],
        "lines": [
            {
                "name": strategy_name(line.strategy),
                "serves": line.serves,
                "estimate": line.estimate,
                "error": line.error,
                "effective": line.effective,
                "reason": ""
                if line.estimate is not None
                else refused.get(
                    line.reason, _("Too few such decisions: it cannot be judged offline. Test it.")
                ),
            }
            for line in one.offline
        ],
    }


class Decide(PermissionRequiredMixin, View):
    """Approve or decline what waits."""

    permission_required = ("recommendations.change_tuningdecision",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Do it once, or say why not."""
        decision = get_object_or_404(TuningDecision, pk=pk)
        user: Any = request.user
        try:
            if verb == "approve":
                approve_decision(decision, user=user, now=clock.now())
                messages.success(request, _("Applied. It can be rolled back at any time."))
            elif verb == "decline":
                reason = request.POST.get("reason", "").strip()
                decline_decision(decision, user=user, now=clock.now(), reason=reason)
                messages.success(request, _("Declined. The same evidence is not proposed again."))
            else:
                raise Http404
        except ValueError as refused:
            messages.error(request, str(refused))
        return redirect(back_to(request, "admin:tuning"))


class Policy(PermissionRequiredMixin, View):
    """Say what a kind of decision may do by itself."""

    permission_required = ("recommendations.change_tuningpolicy",)
    raise_exception = True

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Set it, or say why not."""
        user: Any = request.user
        try:
            set_policy(kind, request.POST.get("mode", ""), user=user, now=clock.now())
        except UnknownEntry:
            raise Http404 from None
        except ValueError as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Saved."))
        return redirect("admin:tuning")
