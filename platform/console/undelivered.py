"""Who did not get a message of a run, and what can be done: send again, let be, write once more."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import View

from campaigns.models import Campaign
from campaigns.schedule.sending import SOURCE
from console.page import Page
from core import clock
from core.templatetags.studio import number
from delivery import dispatch, services
from delivery.models import Message, MessageState, Run, SkipReason
from delivery.selectors import breakdown, reasons, repeats

ROWS = 50
DECIDE = "campaigns.launch_campaign"


class Undelivered(Page):
    """What is uncertain, who was not reached and why, and the runs that wrote to them again."""

    permission_required = ("delivery.view_message",)
    template_name = "console/undelivered.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the run's parts and reasons, and a page of its uncertain messages."""
        run = get_object_or_404(Run, pk=self.kwargs["pk"])
        campaign = Campaign.objects.filter(pk=run.reference).first() if run.source == SOURCE else None
        self.title = campaign.name if campaign else str(run)
        uncertain = Message.objects.filter(run=run, state=MessageState.UNCERTAIN)
        rows = list(
            uncertain.filter(pk__gt=_number(self.request.GET.get("after")))
            .select_related("customer")
            .order_by("pk")[: ROWS + 1]
        )
        missed = [
            {
                "reason": reason,
                "label": SkipReason(reason).label if reason in SkipReason.values else reason,
                "count": count,
                "again": reason in services.RETRYABLE,
            }
            for reason, count in reasons(run).items()
        ]
        runs = list(repeats(run))
        parts = breakdown([run.pk, *(other.pk for other in runs)])
        return super().get_context_data(
            run=run,
            campaign=campaign,
            parts=parts[run.pk],
            uncertain=rows[:ROWS],
            after=rows[ROWS - 1].pk if len(rows) > ROWS else None,
            missed=missed,
            may_retry=run.state != Run.State.CANCELLED,
            open=run.state in (Run.State.RUNNING, Run.State.PAUSED),
            repeats=[(other, parts[other.pk]) for other in runs],
            may_decide=self.request.user.has_perm(DECIDE),
            **kwargs,
        )


class Decide(PermissionRequiredMixin, View):
    """Do what was decided, wake the workers, and go back to the page."""

    permission_required = (DECIDE,)
    raise_exception = True

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Act and say what was done."""
        run = get_object_or_404(Run, pk=pk)
        match verb:
            case "send-again" | "let-be":
                self._uncertain(request, run, verb)
            case "retry":
                self._retry(request, run)
            case _:
                raise Http404
        return redirect("admin:undelivered", pk=pk)

    def _uncertain(self, request: HttpRequest, run: Run, verb: str) -> None:
        chosen = None if "all" in request.POST else [_number(key) for key in request.POST.getlist("message")]
        act = services.send_again if verb == "send-again" else services.let_be
        count = act(run, message_ids=chosen, user=request.user, now=clock.now())  # type: ignore[arg-type]
        if not count:
            messages.info(request, _("Nothing was changed: somebody else has decided about these already."))
            return
        dispatch.wake(run.pk)  # to send them, or to end the run
        if verb == "send-again":
            text = ngettext("%(n)s message goes out again.", "%(n)s messages go out again.", count)
        else:
            text = ngettext("%(n)s message is let be.", "%(n)s messages are let be.", count)
        messages.success(request, text % {"n": number(count)})

    def _retry(self, request: HttpRequest, run: Run) -> None:
        chosen = request.POST.getlist("reason")
        kinds = [reason for reason in chosen if reason in services.RETRYABLE]
        again = services.retry(
            run,
            reasons=kinds,
            uncertain="uncertain" in chosen,
            user=request.user,  # type: ignore[arg-type]
            now=clock.now(),
        )
        if again is None:
            messages.info(
                request, _("There is nobody to write to again: all of them were reached, or may still be.")
            )
            return
        dispatch.wake(again.pk)
        dispatch.wake(run.pk)  # without uncertain messages it may be over
        text = ngettext(
            "%(n)s person is written to again.", "%(n)s people are written to again.", again.audience
        )
        messages.success(request, text % {"n": number(again.audience)})


def _number(text: str | None) -> int:
    """Return a message's number; what is none is that of no message."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
