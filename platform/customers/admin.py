"""Customers, their consents, suppressed addresses and merges.

The list of customers itself is registered by the console, which adds what is known from profiles.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core import clock
from core.admin import Admin, EstimatedPaginator, FactsAdmin, FactsInline, LargeFactsAdmin
from core.search import email_hash
from customers.models import Consent, ConsentEvent, Customer, CustomerMerge, Identifier, Suppression


class ConsentInline(FactsInline):
    """What the person agrees to now."""

    model = Consent
    fields = readonly_fields = ["channel", "topic", "granted", "since"]


class IdentifierInline(FactsInline):
    """By what the person is recognised."""

    model = Identifier
    fields = readonly_fields = ["kind", "created_at"]


class CustomerAdmin(Admin):
    """Customers, found by an exact e-mail address or by the beginning of id or name."""

    paginator = EstimatedPaginator
    list_display = ["person", "country", "created_at"]
    list_filter = ["country", "locale", "no_profiling", "is_stub"]
    search_fields = ["external_id__startswith", "first_name__istartswith", "last_name__istartswith"]
    search_help_text = _("An e-mail address, or the beginning of the id or the name")
    ordering = ["-pk"]
    readonly_fields = ["email_domain", "is_stub", "created_at", "updated_at"]
    inlines = [ConsentInline, IdentifierInline]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        """Look an address up by its keyed hash; other words by their beginning."""
        if hashed := email_hash(search_term):
            owners = Identifier.objects.filter(kind=Identifier.Kind.EMAIL, value_hash=hashed)
            return queryset.filter(pk__in=owners.values("customer")), False
        return super().get_search_results(request, queryset, search_term)

    @display(description=_("customer"), header=True)
    def person(self, customer: Customer) -> list[str]:
        """Show the name over the id."""
        name = str(customer)
        initials = f"{customer.first_name[:1]}{customer.last_name[:1]}" or name[:1]
        return [name, customer.external_id if name != customer.external_id else "", initials]

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        """Stamp the record."""
        now = clock.now()
        obj.created_at = obj.created_at or now
        obj.updated_at = now
        super().save_model(request, obj, form, change)


@admin.register(ConsentEvent)
class ConsentEventAdmin(LargeFactsAdmin):
    """Every consent given or withdrawn, with its proof."""

    list_display = ["occurred_at", "customer", "channel", "topic", "granted", "source"]
    list_select_related = ["customer"]
    list_filter = ["channel", "granted", "source"]
    search_fields = ["customer__external_id__startswith"]


@admin.register(Suppression)
class SuppressionAdmin(Admin):
    """Addresses that are never written to. Only their hash is kept; search by the exact address."""

    list_display = ["channel", "short_hash", "reason", "until", "created_at"]
    list_filter = ["channel", "reason"]
    search_fields = ["address_hash__exact"]
    search_help_text = _("The exact e-mail address")
    ordering = ["-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: addresses come by unsubscribing, bounces and complaints."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        """Refuse."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        """Look the address up by its keyed hash."""
        return super().get_search_results(request, queryset, email_hash(search_term) or search_term)

    @display(description=_("address"))
    def short_hash(self, suppression: Suppression) -> str:
        """Show the beginning of the hash."""
        return f"{suppression.address_hash[:12]}…"


@admin.register(CustomerMerge)
class CustomerMergeAdmin(FactsAdmin):
    """Merged customers."""

    list_display = ["merged_external_id", "kept", "merged_at", "undone_at"]
    list_select_related = ["kept"]
    search_fields = ["merged_external_id__startswith", "kept__external_id__startswith"]
    exclude = ["merged_record", "identifier_ids"]
    ordering = ["-merged_at"]
