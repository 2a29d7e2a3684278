"""Customers, their consents, suppressed addresses and merges.

The list of customers itself is registered by the console, which adds what is known from profiles.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import audit
from core import clock
from core.admin import Admin, EstimatedPaginator, FactsAdmin, FactsInline, LargeFactsAdmin
from core.fields import EncryptedTextField
from core.figures import number
from core.search import email_hash
from customers.models import (
    Consent,
    ConsentEvent,
    Customer,
    CustomerMerge,
    ErasureRequest,
    Identifier,
    MergeProposal,
    Suppression,
)
from customers.selectors import by_identifier
from customers.services import FIELDS, upsert_customers


class ConsentInline(FactsInline):
    """What the person agrees to now."""

    model = Consent
    fields = readonly_fields = ["channel", "topic", "granted", "since"]


class IdentifierInline(FactsInline):
    """By what the person is recognised."""

    model = Identifier
    fields = readonly_fields = ["kind", "created_at"]


class CustomerForm(forms.ModelForm):
    """A customer's own fields; addresses that are none or somebody else's are named beside their field."""

    def clean(self) -> dict[str, Any] | None:
        """Check e-mail and phone as partners' records are checked."""
        cleaned = super().clean() or self.cleaned_data
        for kind in (Identifier.Kind.EMAIL, Identifier.Kind.PHONE):
            if not cleaned.get(kind.value):
                continue
            try:
                owner = by_identifier(kind.value, cleaned[kind.value], cleaned.get("country"))
            except ValueError as error:
                self.add_error(kind.value, str(error))
            else:
                if owner is not None and owner.pk != self.instance.pk and owner.own_id:
                    self.add_error(
                        kind.value, _("Another customer has this. Merge the two, or leave it out here.")
                    )
        return cleaned


class CustomerAdmin(Admin):
    """Customers, found by an exact e-mail address or by the beginning of id or name."""

    formfield_overrides = Admin.formfield_overrides | {
        EncryptedTextField: {"widget": UnfoldAdminTextInputWidget}
    }
    form = CustomerForm
    paginator = EstimatedPaginator
    list_display = ["person", "country", "created_at"]
    list_filter = ["country", "locale", "no_profiling", "is_stub"]
    search_fields = ["external_id__startswith", "first_name__istartswith", "last_name__istartswith"]
    search_help_text = _("An e-mail address, or the beginning of the id or the name")
    ordering = ["-pk"]
    readonly_fields = ["email_domain", "is_stub", "created_at", "updated_at"]
    inlines = [ConsentInline, IdentifierInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Customer | None = None) -> Any:
        """Keep the id of a customer that exists: partners know it by this name."""
        return [*super().get_readonly_fields(request, obj), *(["external_id"] if obj else [])]

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
        """Store it as partners' records are: identifiers follow, and what is refused is said."""
        now = clock.now()
        row = {name: getattr(obj, name) for name in FIELDS} | {"external_id": obj.external_id}
        result = upsert_customers([row], now, replace=True)
        if result.rejected:
            errors = [error for found in result.rejected[0].values() for error in found]
            raise ValidationError(errors)  # taken in this very moment; the form checked before
        obj.pk = result.ids[obj.external_id]
        nameless = Customer(pk=obj.pk, external_id=obj.external_id)
        audit.record(
            action="change_customer" if change else "add_customer",
            target=nameless,
            now=now,
            user=request.user,  # type: ignore[arg-type]
            after={"fields": sorted(form.changed_data)},
        )


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


@admin.register(MergeProposal)
class MergeProposalAdmin(FactsAdmin):
    """Customers who are probably one person. Open one of the two to decide."""

    list_display = ["pair", "kind", "state", "created_at"]
    list_display_links = None
    list_select_related = ["first", "second"]
    list_filter = ["state", "kind"]
    search_fields = ["first__external_id__startswith", "second__external_id__startswith"]

    @display(description=_("customers"))
    def pair(self, proposal: MergeProposal) -> Any:
        """Link to the first one's page, which shows the proposal."""
        return format_html(
            '<a class="st-strong" href="{}">{} = {}?</a>',
            reverse("admin:customer_360", args=[proposal.first_id]),
            str(proposal.first),
            str(proposal.second),
        )


@admin.register(ErasureRequest)
class ErasureRequestAdmin(FactsAdmin):
    """Who asked when that a person be erased, and how far it is."""

    list_display = ["requested_at", "actor", "state", "finished_at", "erased"]
    list_filter = ["state"]
    exclude = ["identifiers"]

    @display(description=_("rows"))
    def erased(self, erasure: ErasureRequest) -> str:
        """Add up what was erased."""
        return number(sum(erasure.rows.values())) if erasure.rows else "–"
