"""The mailbox: what the built-in SMTP sink really received."""

from typing import Any
from uuid import UUID

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from console.page import Page
from core.estimates import estimated_count
from customers.models import Channel
from delivery.models import ReceivedMail, ReceivedMessage
from delivery.selectors.mailbox import parse

PER_PAGE = 25
#: Channels with a sink beside e-mail; the inbox on site and staff tasks have pages of their own.
SINKS = (Channel.SMS, Channel.PUSH, Channel.WEBHOOK)
#: A stranger's HTML: no scripts, no forms, nothing fetched from elsewhere.
PREVIEW_POLICY = (
    "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
#: The headers worth reading, in this order; the others follow folded.
_FIRST = ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post")


class Mailbox(Page):
    """The received mails, newest first, found by recipient or subject."""

    permission_required = ("delivery.view_receivedmail",)
    template_name = "console/mailbox.html"
    title = _("Mailbox")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page of mails."""
        words = self.request.GET.get("q", "").strip().replace("\0", "")
        mails = ReceivedMail.objects.defer("raw")
        if words:
            field = "envelope_to__istartswith" if "@" in words else "subject__icontains"
            mails = mails.filter(**{field: words})
        paginator = Paginator(mails, PER_PAGE)
        if not words:
            paginator.count = estimated_count(ReceivedMail)
        page = paginator.get_page(self.request.GET.get("page"))
        return super().get_context_data(
            page=page,
            words=words,
            total=paginator.count,
            channels=[(c.value, c.label) for c in Channel if c in SINKS],
            **kwargs,
        )


class Arrived(Page):
    """What the built-in sinks of the other channels really took, the newest first."""

    permission_required = ("delivery.view_receivedmessage",)
    template_name = "console/mailbox_messages.html"
    title = _("Mailbox")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page of messages of a channel."""
        channel = self.request.GET.get("channel", "")
        channel = channel if channel in SINKS else Channel.SMS.value
        found = ReceivedMessage.objects.filter(channel=channel).order_by("-id")
        words = self.request.GET.get("q", "").strip().replace("\0", "")
        if words:
            found = found.filter(address__startswith=words)
        try:
            after = UUID(self.request.GET.get("after", ""))
        except ValueError:
            pass
        else:
            found = found.filter(pk__lt=after)
        rows = list(found[: PER_PAGE + 1])
        return super().get_context_data(
            messages_of_channel=rows[:PER_PAGE],
            more=rows[PER_PAGE - 1].pk if len(rows) > PER_PAGE else "",
            channel=channel,
            channels=[(c.value, c.label) for c in Channel if c in SINKS],
            words=words,
            **kwargs,
        )


class Mail(Page):
    """One mail: as it looks, as text, and its headers."""

    permission_required = ("delivery.view_receivedmail",)
    template_name = "console/mail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the parsed mail."""
        mail = get_object_or_404(ReceivedMail, pk=self.kwargs["pk"])
        self.title = mail.subject or _("Mail without a subject")
        parsed = parse(mail)
        first = [(n, v) for wanted in _FIRST for n, v in parsed.headers if n.lower() == wanted.lower()]
        return super().get_context_data(
            mail=mail,
            has_html=bool(parsed.html),
            text=parsed.text,
            headers=first,
            other_headers=[header for header in parsed.headers if header not in first],
            **kwargs,
        )


class Preview(PermissionRequiredMixin, View):
    """A mail's HTML for the sandboxed frame, the only view that may be framed."""

    permission_required = ("delivery.view_receivedmail",)
    raise_exception = True

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Return the HTML part under a policy that lets nothing run or load."""
        html = parse(get_object_or_404(ReceivedMail, pk=pk)).html
        if not html:
            raise Http404
        return HttpResponse(
            html,
            headers={
                "Content-Security-Policy": PREVIEW_POLICY,
                "X-Frame-Options": "SAMEORIGIN",
                "Referrer-Policy": "no-referrer",
            },
        )
