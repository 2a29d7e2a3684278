"""Events and the quarantine: facts, shown and not edited."""

import json
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.models import User
from catalog.models import Product
from core import clock
from core.admin import FactsAdmin, LargeFactsAdmin
from core.figures import money_text
from customers.models import Customer
from events import quarantine
from events.models import Event, EventType, QuarantinedEvent


@admin.register(Event)
class EventAdmin(LargeFactsAdmin):
    """What happened. Searched by exact customer id, sku or order, each by an index."""

    list_display = ["occurred_at", "what", "customer", "product", "quantity", "money", "order_id", "source"]
    # The partitions' own key: the newest rows are read from the end of an index.
    ordering = ["-occurred_at", "-id"]
    list_select_related = ["customer", "product"]
    list_filter = ["type", "quality"]
    search_fields = ["customer"]
    search_help_text = _("A customer id or a sku, exactly")
    list_per_page = 25

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Find the events of a customer or a product; other columns have no index."""
        if not search_term:
            return queryset, False
        customers = list(Customer.objects.filter(external_id=search_term).values_list("pk", flat=True))
        products = list(Product.objects.filter(sku=search_term).values_list("pk", flat=True))
        return queryset.filter(Q(customer__in=customers) | Q(product__in=products)), False

    @display(description=_("what happened"), ordering="type")
    def what(self, event: Event) -> str:
        """Show the type in words."""
        return event.get_type_display()

    @display(description=_("amount"))
    def money(self, event: Event) -> str:
        """Show the amount in the shop's currency."""
        return money_text(event.amount)


class DecidedFilter(admin.SimpleListFilter):
    """Whether somebody has decided about an event."""

    title = _("decision")
    parameter_name = "decided"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the three states."""
        return [("open", _("waiting")), ("released", _("released")), ("discarded", _("discarded"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[QuarantinedEvent]
    ) -> QuerySet[QuarantinedEvent]:
        """Keep the events in the chosen state."""
        wanted = {
            "open": Q(released_at=None, discarded_at=None),
            "released": Q(released_at__isnull=False),
            "discarded": Q(discarded_at__isnull=False),
        }
        return queryset.filter(wanted.get(self.value() or "", Q()))


@admin.register(QuarantinedEvent)
class QuarantinedEventAdmin(FactsAdmin):
    """Events that were understood but not believed; whoever may change them decides what becomes of each."""

    list_display = ["received_at", "source", "message_id", "what", "says", "why", "state"]
    list_filter = ["reason", DecidedFilter, "source"]
    search_fields = ["message_id__startswith", "source__exact"]
    search_help_text = _("The beginning of a message id, or a source")
    ordering = ["-received_at"]
    actions = ["release_as_sent", "release_as_arrived", "discard"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Show what came, and what became of it."""
        return ["source", "message_id", "why", "received_at", "event", "state", "released_at", "discarded_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Show every field."""
        return self.get_fields(request, obj)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Let those decide who may change the quarantine, though nobody edits what came."""
        return request.user.has_perm("events.change_quarantinedevent")

    @display(description=_("what happened"))
    def what(self, held: QuarantinedEvent) -> str:
        """Show the type in words."""
        kind = held.payload.get("type")
        return str(EventType(kind).label) if kind in EventType.values else "–"

    @display(description=_("says it happened"))
    def says(self, held: QuarantinedEvent) -> str:
        """Show the time that was not believed, as it came."""
        return str(held.payload.get("occurred_at") or "–")

    @display(description=_("reason"), ordering="reason")
    def why(self, held: QuarantinedEvent) -> str:
        """Show the reason in words."""
        return held.get_reason_display()

    @display(
        description=_("decision"),
        label={_("waiting"): "warning", _("released"): "success", _("discarded"): "info"},
    )
    def state(self, held: QuarantinedEvent) -> Any:
        """Show what was decided."""
        if held.is_open:
            return _("waiting")
        return _("released") if held.released_at else _("discarded")

    @display(description=_("event as it came"))
    def event(self, held: QuarantinedEvent) -> Any:
        """Show the event as readable JSON."""
        return format_html(
            '<pre class="st-code">{}</pre>',
            json.dumps(held.payload, indent=2, ensure_ascii=False, sort_keys=True),
        )

    @action(description=_("Release: it happened when it says"), permissions=["decide"])
    def release_as_sent(self, request: HttpRequest, queryset: QuerySet[QuarantinedEvent]) -> None:
        """Store the chosen events with their own times."""
        self._release(request, queryset, as_arrived=False)

    @action(description=_("Release: it happened when it arrived"), permissions=["decide"])
    def release_as_arrived(self, request: HttpRequest, queryset: QuerySet[QuarantinedEvent]) -> None:
        """Store the chosen events as of their arrival: the sender's clock was wrong."""
        self._release(request, queryset, as_arrived=True)

    def _release(
        self, request: HttpRequest, queryset: QuerySet[QuarantinedEvent], *, as_arrived: bool
    ) -> None:
        user = cast(User, request.user)
        done = quarantine.release(queryset, now=clock.now(), user=user, as_arrived=as_arrived)
        told = ngettext("%(n)d event was released.", "%(n)d events were released.", done.stored)
        self.message_user(request, told % {"n": done.stored}, messages.SUCCESS)
        if done.known:
            told = ngettext("%(n)d was there already.", "%(n)d were there already.", done.known)
            self.message_user(request, told % {"n": done.known}, messages.INFO)
        for name, reason in done.kept[:5]:
            text = gettext("%(event)s stays here. %(reason)s") % {"event": name, "reason": reason}
            self.message_user(request, text, messages.WARNING)

    @action(description=_("Discard: it is not true"), permissions=["decide"])
    def discard(self, request: HttpRequest, queryset: QuerySet[QuarantinedEvent]) -> None:
        """Decide that the chosen events never happened."""
        count = quarantine.discard(queryset, now=clock.now(), user=cast(User, request.user))
        told = ngettext("%(n)d event was discarded.", "%(n)d events were discarded.", count)
        self.message_user(request, told % {"n": count}, messages.SUCCESS)
