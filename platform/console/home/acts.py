"""What is done with a suggestion: a draft, not now, never, all again."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.models import User
from console.home.models import Suggestion
from console.home.suggestions.services import LATER, NothingToDraftError, begin, put_aside, show_again
from core import clock

_SEES = ("campaigns.view_campaign", "segments.view_segment")


class Act(PermissionRequiredMixin, View):
    """One verb for one suggestion: draft, later or dismiss."""

    raise_exception = True

    def has_permission(self) -> bool:
        """Let those in who see suggestions; a draft asks for its own rights, and for those of its segment."""
        needed = [*_SEES]
        if self.kwargs["verb"] == "draft":
            needed += ["campaigns.add_campaign", "segments.add_segment"]
        return bool(self.request.user.has_perms(needed))

    def post(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Do it."""
        if verb not in ("draft", "later", "dismiss"):
            raise Http404
        suggestion = get_object_or_404(Suggestion, pk=pk)
        user: Any = request.user
        now = clock.now()
        if verb == "draft":
            return self._draft(suggestion, user, now)
        put_aside(suggestion, user=user, now=now, until=now + LATER if verb == "later" else None)
        messages.info(
            request,
            _("It comes back in a week.") if verb == "later" else _("It is not shown to you again."),
        )
        return redirect("admin:index")

    def _draft(self, suggestion: Suggestion, user: User, now: datetime) -> HttpResponse:
        try:
            campaign = begin(suggestion, user=user, now=now)
        except NothingToDraftError:
            raise Http404 from None
        return redirect("admin:campaign_plan", pk=campaign.pk, step="goal")


class ShowAgain(PermissionRequiredMixin, View):
    """Show a person everything that they put aside."""

    permission_required = _SEES
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Forget what was put aside."""
        user: Any = request.user
        show_again(user=user)
        return redirect("admin:index")
