"""Who did not get it and why, over all sendings and for one: send again, let be, write once more."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import View

from console.delivery.base import DeliveryPage
from console.delivery.runs import campaign_names, permission_for, title_of
from core import clock
from core.figures import number
from delivery import dispatch, services
from delivery.models import Message, MessageState, Run, SkipReason
from delivery.selectors import breakdown, log, repeats
from delivery.selectors.unreached import Cause, causes

DAYS = 30
ROWS = 50
#: What can be done about a reason.
HELP = {
    SkipReason.NO_CONSENT: gettext_lazy(
        "They did not agree to this channel and topic. Ask for consent where they shop."
    ),
    SkipReason.SUPPRESSED: gettext_lazy("They unsubscribed, complained, or the address bounced before."),
    SkipReason.NO_ADDRESS: gettext_lazy("No usable address is known. Try another channel."),
    SkipReason.NO_CONTENT: gettext_lazy("There was nothing to show them, such as no product to recommend."),
    SkipReason.NO_COUPON: gettext_lazy("The pool ran out of codes. Add codes and send again."),
    SkipReason.NOT_CONFIRMED: gettext_lazy(
        "Their market asks for a double opt-in, and its proof is missing. Ask them to confirm by mail."
    ),
    SkipReason.CAPPED: gettext_lazy("They had as many messages as your frequency caps allow."),
    SkipReason.LESS_OFTEN: gettext_lazy("They asked for fewer messages in the preference centre."),
    SkipReason.LATE_ZONE: gettext_lazy(
        "The hour had passed where they live, and you chose to leave those out."
    ),
    SkipReason.HOLIDAY: gettext_lazy(
        "It was a public holiday in their country, and the campaign leaves those people out."
    ),
    SkipReason.OVERTAKEN: gettext_lazy("They did meanwhile what the message was about."),
    SkipReason.EXPIRED: gettext_lazy("It could not be sent while it was of use."),
    SkipReason.CANCELLED: gettext_lazy("Somebody cancelled the rest."),
    SkipReason.ERASED: gettext_lazy("The person asked to be forgotten."),
    SkipReason.BOUNCED: gettext_lazy("The address is suppressed by now. Ask for another one."),
    SkipReason.REFUSED: gettext_lazy("The other side did not take it. The log has its words."),
    SkipReason.GAVE_UP: gettext_lazy("Every attempt failed. When that is mended, write to them again."),
    SkipReason.BROKEN: gettext_lazy(
        "The log says what is wrong with the content. Mend it, then write again."
    ),
    SkipReason.LET_BE: gettext_lazy("Somebody decided not to send it again."),
    SkipReason.RETRIED: gettext_lazy("A later sending wrote to them again."),
    "uncertain": gettext_lazy("The provider never confirmed. Decide on the sending's page."),
}


class Unreached(DeliveryPage):
    """Who was not reached in the last days: reasons with their numbers, each leading to the people."""

    permission_required = ("delivery.view_message",)
    template_name = "console/delivery/unreached.html"
    title = gettext_lazy("Who did not get it, and why")
    tab = "delivery_unreached"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the causes over all sendings. Three queries."""
        found = causes(run=None, since=clock.now() - timedelta(days=DAYS))
        return super().get_context_data(
            rows=described(found), total=sum(cause.messages for cause in found), days=DAYS, **kwargs
        )


class RunUnreached(DeliveryPage):
    """Of one sending: what is uncertain, who was not reached and why, and who was written to again."""

    permission_required = ("delivery.view_message",)
    template_name = "console/delivery/run_unreached.html"
    tab = "delivery_runs"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the sending's parts and causes, and a page of its uncertain messages."""
        run = get_object_or_404(Run, pk=self.kwargs["pk"])
        self.title = campaign_names([run]).get(run.reference) or title_of(run)
        uncertain = Message.objects.filter(run=run, state=MessageState.UNCERTAIN)
        after = _number(self.request.GET.get("after"))
        rows = list(uncertain.filter(pk__gt=after).order_by("pk")[: ROWS + 1])
        people = log.people(rows)  # not by a join, which would hide the messages of who was erased
        found = [c for c in causes(run=run.pk, since=run.created_at) if c.state != MessageState.UNCERTAIN]
        runs = list(repeats(run))
        parts = breakdown([run.pk, *(other.pk for other in runs)])
        may_decide = self.request.user.has_perm(permission_for(run))
        helps = parts[run.pk].uncertain or any(cause.reason in services.RETRYABLE for cause in found)
        return super().get_context_data(
            run=run,
            parts=parts[run.pk],
            uncertain=[(message, people.get(message.customer_id)) for message in rows[:ROWS]],
            after=rows[ROWS - 1].pk if len(rows) > ROWS else None,
            missed=described(found, run),
            may_decide=may_decide,
            may_retry=may_decide and helps and run.state != Run.State.CANCELLED,
            open=run.state in (Run.State.RUNNING, Run.State.PAUSED),
            repeats=[(other, parts[other.pk]) for other in runs],
            **kwargs,
        )


class Decide(PermissionRequiredMixin, View):
    """Do what was decided about a sending, wake the workers, and go back to its page."""

    raise_exception = True

    def get_permission_required(self) -> tuple[str, ...]:
        """Return the right that the sending's kind wants."""
        return (permission_for(Run.objects.filter(pk=self.kwargs["pk"]).first()),)

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Act and say what was done."""
        run = get_object_or_404(Run, pk=pk)
        match verb:
            case "send-again" | "let-be":
                self._uncertain(request, run, verb)
            case "retry":
                self._retry(request, run)
            case _:
                raise Http404
        return redirect("admin:delivery_run_unreached", pk=pk)

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
        again = services.retry(
            run,
            reasons=[reason for reason in chosen if reason in services.RETRYABLE],
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


def described(found: list[Cause], run: Run | None = None) -> list[dict[str, Any]]:
    """Return causes with their words, what can be done, and the query that finds their people in the log."""
    states, reasons = dict(MessageState.choices), dict(SkipReason.choices)
    most = max((cause.messages for cause in found), default=1)
    where = {"run": run.pk} if run else {}
    return [
        {
            "cause": cause,
            "state": states[MessageState(cause.state)],
            "reason": reasons.get(cause.reason, cause.reason),
            "help": HELP.get(cause.reason or cause.state, ""),
            "share": cause.messages / most,
            "again": cause.reason in services.RETRYABLE,
            "query": urlencode({"state": cause.state, "reason": cause.reason} | where),
        }
        for cause in found
    ]


def _number(text: str | None) -> int:
    """Return a message's number; what is none is that of no message."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
