"""Sendings and their messages: facts, shown and not edited."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core.admin import FactsAdmin, LargeFactsAdmin
from delivery.endpoints.admin import HookAdmin
from delivery.models import Message, MessageState, Return, Run
from delivery.providers.admin import ProviderAdmin
from delivery.returns.models import BounceClass, ReturnKind
from delivery.rules.admin import FrequencyCapAdmin, MarketRuleAdmin, QuietHoursAdmin, WarmUpAdmin

__all__ = [
    "FrequencyCapAdmin",
    "HookAdmin",
    "MarketRuleAdmin",
    "MessageAdmin",
    "ProviderAdmin",
    "QuietHoursAdmin",
    "RunAdmin",
    "WarmUpAdmin",
]


@admin.register(Run)
class RunAdmin(FactsAdmin):
    """One sending to a frozen audience."""

    list_display = ["created_at", "source", "reference", "channel", "status", "audience", "finished_at"]
    list_filter = ["state", "channel", "source"]
    search_fields = ["reference__startswith"]

    @display(
        description=_("state"),
        ordering="state",
        label={
            Run.State.RUNNING.label: "info",
            Run.State.PAUSED.label: "warning",
            Run.State.FINISHED.label: "success",
            Run.State.CANCELLED.label: "danger",
        },
    )
    def status(self, run: Run) -> str:
        """Show the state as a pill."""
        return run.get_state_display()


@admin.register(Message)
class MessageAdmin(LargeFactsAdmin):
    """Every message, and why those not sent were not."""

    list_display = ["due_at", "customer", "channel", "status", "skip_reason", "attempts", "sent_at"]
    # The partitions' own key; runs are numbered by time.
    ordering = ["-run_id", "-id"]
    # Not by a join, which would hide the messages of who was erased.
    list_select_related = ()
    list_filter = ["state", "skip_reason", "channel"]
    search_fields = ["customer__external_id__exact", "message_id__exact"]
    search_help_text = _("A customer id or a Message-ID, exactly")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Return the messages, their customers by one more query."""
        return super().get_queryset(request).prefetch_related("customer")

    @display(
        description=_("state"),
        label={
            MessageState.SENT.label: "success",
            MessageState.FAILED.label: "danger",
            MessageState.UNCERTAIN.label: "warning",
            MessageState.SKIPPED.label: "warning",
            MessageState.SENDING.label: "info",
            MessageState.CLAIMED.label: "info",
        },
    )
    def status(self, message: Message) -> str:
        """Show the state as a pill."""
        return message.get_state_display()


@admin.register(Return)
class ReturnAdmin(LargeFactsAdmin):
    """What came back: bounces by their class, complaints."""

    list_display = ["received_at", "what", "meaning", "status", "diagnostic", "channel", "source"]
    ordering = ["-received_at"]
    list_filter = ["kind", "bounce_class", "channel"]
    search_fields = ["status__startswith"]
    search_help_text = _("A status, as 5.1.1")

    @display(
        description=_("kind"),
        label={ReturnKind.BOUNCE.label: "warning", ReturnKind.COMPLAINT.label: "danger"},
    )
    def what(self, returned: Return) -> str:
        """Show the kind as a pill."""
        return returned.get_kind_display()

    @display(description=_("class"), label={BounceClass.HARD.label: "danger"})
    def meaning(self, returned: Return) -> str:
        """Show what a bounce means."""
        return returned.get_bounce_class_display() if returned.kind == ReturnKind.BOUNCE else "–"
