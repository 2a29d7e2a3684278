"""What people do about recommenders: train, search, put a champion in its place, go back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import View

from core import clock
from recommendations.dispatch import start
from recommendations.models import ModelVersion, Objective, Strategy
from recommendations.services.registry import GateError, crown, promote, serve_previous
from recommendations.strategies import use_key

CHANGE = ("recommendations.change_strategy",)
#: What a person may choose to spend on a search, in seconds.
BUDGETS = (300, 900, 3600)


class Work(PermissionRequiredMixin, View):
    """Start a training, an upkeep of lists or a search, unless it goes on already."""

    permission_required = CHANGE
    raise_exception = True

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show its progress to those who may see jobs."""
        user: Any = request.user
        url = reverse("admin:recommendations")
        parameters: dict[str, Any] = {}
        if kind == "search-strategy":
            strategy = get_object_or_404(Strategy, key=request.POST.get("strategy", "")[:50])
            seconds = request.POST.get("seconds", "")
            parameters = {
                "strategy": strategy.key,
                "seconds": int(seconds) if seconds in map(str, BUDGETS) else BUDGETS[0],
                "objective": Objective.REPLENISH.value,
            }
        elif kind == "train":
            parameters = {"warm": request.POST.get("warm") == "1"}
        elif kind != "recommendation-lists":
            raise Http404
        job = start(kind, now=clock.now(), user=user, parameters=parameters, result_url=url)
        return redirect("admin:job", pk=job.pk) if user.has_perm("accounts.view_job") else redirect(url)


class Previous(PermissionRequiredMixin, View):
    """Put the version that served before back, with its very lists."""

    permission_required = CHANGE
    raise_exception = True

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Go back once, or say why not."""
        strategy = get_object_or_404(Strategy, pk=pk)
        user: Any = request.user
        try:
            turn = serve_previous(strategy, user=user, now=clock.now())
        except GateError as refused:
            messages.error(request, str(refused))
        else:
            messages.success(
                request,
                _("%(strategy)s serves again as it was trained on %(date)s.")
                % {"strategy": _(strategy.name), "date": f"{turn.version.as_of:%Y-%m-%d}"},
            )
        return redirect("admin:recommendations")


class Promote(PermissionRequiredMixin, View):
    """Let a version that waits serve, through the gates."""

    permission_required = CHANGE
    raise_exception = True

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Promote, or say which gate it did not pass."""
        version = get_object_or_404(ModelVersion.objects.select_related("strategy"), pk=pk)
        user: Any = request.user
        try:
            promote(version, user=user, now=clock.now())
        except GateError as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("It serves now."))
        return redirect("admin:recommendation_model", pk=version.pk)


class Crown(PermissionRequiredMixin, View):
    """Make a strategy the champion of a use because a person says so."""

    permission_required = CHANGE
    raise_exception = True

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Crown it, or say what speaks against it."""
        strategy = get_object_or_404(Strategy, pk=pk)
        objective = request.POST.get("objective", "")
        if objective not in Objective.values:
            raise Http404
        user: Any = request.user
        try:
            crown(use_key("email", objective), strategy, user=user, now=clock.now())
        except GateError as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("%(strategy)s serves now.") % {"strategy": _(strategy.name)})
        return redirect("admin:recommendations")
