"""The steps as pages: one template each, every one reachable at any time."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.actions.locking import RELATED
from campaigns.content.services import TemplateInvalid
from campaigns.models import Campaign
from campaigns.preflight import findings
from console.engage.wizard import audience, content, goal, review, testing
from console.page import Page
from core import clock

#: The steps in order: address, name, what the page shows, what its live part shows.
STEPS: dict[str, tuple[Any, Callable[..., dict[str, Any]], Callable[..., dict[str, Any]]]] = {
    "goal": (gettext_lazy("Goal"), goal.context, goal.live),
    "audience": (gettext_lazy("Audience"), audience.context, audience.live),
    "content": (gettext_lazy("Content"), content.context, content.live),
    "test": (gettext_lazy("Test & hold-out"), testing.context, testing.live),
    "review": (gettext_lazy("Review"), review.context, review.live),
}


class _Step(Page):
    """What the page of a step and its live part have in common."""

    permission_required = ("campaigns.view_campaign",)

    @cached_property
    def campaign(self) -> Campaign:
        """Return the campaign with all that it is planned with. One query."""
        related = (*RELATED, "created_by", "approval_asked_by", "approval_by")
        return get_object_or_404(Campaign.objects.select_related(*related), pk=self.kwargs["pk"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Know only the five steps."""
        if kwargs["step"] not in STEPS and request.user.is_authenticated:
            raise Http404
        return super().dispatch(request, *args, **kwargs)


class Plan(_Step):
    """One step. What is slow to count is asked for by the open page."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the step of a draft; what was launched has a report instead."""
        if self.campaign.state != Campaign.State.DRAFT or self.campaign.archived_at is not None:
            return redirect("admin:campaign_report", pk=self.campaign.pk)
        return super().get(request, *args, **kwargs)

    def get_template_names(self) -> list[str]:
        """Return the step's own template."""
        return [f"console/engage/wizard/{self.kwargs['step']}.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the step with the way through all of them."""
        campaign, step = self.campaign, self.kwargs["step"]
        self.title = campaign.name
        order = list(STEPS)
        at = order.index(step)
        can = self.request.user.has_perm
        may_change = can("campaigns.change_campaign")
        return super().get_context_data(
            campaign=campaign,
            step=step,
            step_title=STEPS[step][0],
            steps=_way(campaign, step),
            back=order[at - 1] if at else None,
            onward=order[at + 1] if at + 1 < len(order) else None,
            may_change=may_change,
            may_launch=can("campaigns.launch_campaign"),
            page={
                "version": campaign.version,
                "mayChange": may_change,
                "save": reverse("admin:campaign_plan_save", args=[campaign.pk]),
                "live": reverse("admin:campaign_plan_live", args=[campaign.pk, step]),
            },
            words=_words(),
            **STEPS[step][1](campaign, self.request),
            **{name: value for name, value in kwargs.items() if name not in ("pk", "step")},
        )


class Live(_Step):
    """The part of a step that is counted anew after each change."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return a fragment of HTML, or the version alone for who writes over what somebody else did."""
        step = kwargs["step"]
        if "version" in request.GET:
            return JsonResponse({"version": self.campaign.version})
        try:
            shown = STEPS[step][2](self.campaign, request)
        except TemplateInvalid as error:
            shown = {"mistake": str(error)}
        return render(
            request,
            f"console/engage/wizard/live_{step}.html",
            {"campaign": self.campaign, "step": step, "steps": _way(self.campaign, step), **shown},
        )


def _way(campaign: Campaign, step: str) -> list[dict[str, Any]]:
    """Return the steps with what each still lacks. Names of hosts are asked for by the review alone."""
    lacking = {found.step for found in findings(campaign, now=clock.now(), launched=False) if found.blocks} \
        if step == "review" else set()  # fmt: skip
    return [
        {"key": key, "title": title, "current": key == step, "lacking": key in lacking}
        for key, (title, _context, _live) in STEPS.items()
    ]


def _words() -> dict[str, str]:
    return {
        "saving": _("Saving …"),
        "saved": _("Saved"),
        "failed": _("Not saved: the server cannot be reached. It is tried again with your next change."),
        "signedOut": _("Not saved: you are not signed in any more. Sign in in another tab, then go on here."),
        "notAllowed": _("Your role may look at campaigns, not change them."),
        "wrong": _("Not saved: something went wrong. Reload the page."),
        "some": _("Saved, but for what is marked."),
        "reload": _("Reload"),
        "overwrite": _("Keep mine"),
        "arm": _("Arm"),
    }
