"""Events and the quarantine: facts, shown and not edited."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from catalog.models import Product
from core.admin import FactsAdmin, LargeFactsAdmin
from core.templatetags.studio import money_text
from customers.models import Customer
from events.models import Event, QuarantinedEvent


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

    @display(description=_("what"), ordering="type")
    def what(self, event: Event) -> str:
        """Show the type in words."""
        return event.get_type_display()

    @display(description=_("amount"))
    def money(self, event: Event) -> str:
        """Show the amount in the shop's currency."""
        return money_text(event.amount)


@admin.register(QuarantinedEvent)
class QuarantinedEventAdmin(FactsAdmin):
    """Events that were understood but not believed."""

    list_display = ["received_at", "source", "message_id", "reason", "released_at"]
    list_filter = ["reason", ("released_at", admin.EmptyFieldListFilter)]
    search_fields = ["message_id__startswith", "source__exact"]
    ordering = ["-received_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Show every field."""
        return [field.name for field in QuarantinedEvent._meta.fields]
