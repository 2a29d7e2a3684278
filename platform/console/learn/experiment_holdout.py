"""The global control group: who is left alone by all campaigns, and what all of them bring."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views import View

from campaigns.experiments.holdout_effect import effect_of
from campaigns.experiments.models import GlobalHoldout
from campaigns.experiments.services import DesignError, close_holdout, current, open_holdout
from console.page import Page
from core import charts, clock
from core.figures import money_sign


class ControlGroup(Page):
    """Size, since when, and the cumulative incremental revenue."""

    permission_required = ("experiments.view_globalholdout",)
    template_name = "console/control_group.html"
    title = _lazy("Control group")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the group that holds now with its effect, and those before."""
        holdout = current()
        context: dict[str, Any] = {
            "holdout": holdout,
            "earlier": GlobalHoldout.objects.exclude(ended_at=None)[:12],
            "may_change": self.request.user.has_perm("experiments.add_globalholdout"),
        }
        if holdout is not None:
            effect = effect_of(holdout, now=clock.now())
            context |= {"effect": effect, "course": _course(effect.days)}
        return super().get_context_data(**context, **kwargs)


def _course(days: list[tuple[Any, float]]) -> charts.Chart | None:
    if len(days) < 2:
        return None
    series = charts.Series(_("Incremental revenue"), [value for _day, value in days])
    return charts.area(
        _("Incremental revenue so far"),
        [day for day, _value in days],
        [series],
        unit=money_sign(settings.SHOP_CURRENCY),
    )


class ControlGroupAct(PermissionRequiredMixin, View):
    """Draw a new control group, or end the one there is."""

    permission_required = ("experiments.add_globalholdout",)
    raise_exception = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, verb: str) -> HttpResponse:
        """Do it and say how many people it concerns."""
        if verb == "open":
            try:
                share = Decimal(request.POST.get("share", "").replace(",", ".")) / 100
                group = open_holdout(share=share, user=request.user, now=clock.now())
            except (InvalidOperation, ValueError) as refused:
                known = isinstance(refused, DesignError)
                messages.error(request, str(refused) if known else _("Write the share as a number, as 5."))
            else:
                count = group.members.count()
                messages.success(request, _("%(n)d people are left alone from now on.") % {"n": count})
        elif verb == "close":
            close_holdout(user=request.user, now=clock.now())
            messages.success(request, _("The control group has ended. Its people may be written to again."))
        else:
            raise Http404
        return redirect("admin:control_group")
