"""Promotions and the ledger of what they gave."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns.promotions.models import BudgetEntry, Promotion
from core import clock
from core.admin import Admin, FactsInline
from core.templatetags.studio import money_text, number


class BudgetInline(FactsInline):
    """What the promotion gave, entry by entry."""

    model = BudgetEntry
    fields = readonly_fields = ["at", "amount", "reference"]
    ordering = ["-at"]
    per_page = 25


class PromotionForm(forms.ModelForm):
    """A promotion with its rules as JSON."""

    class Meta:
        model = Promotion
        fields = [
            "name", "slug", "conditions", "benefit", "stacking", "priority", "needs_code", "starts_at",
            "ends_at", "active", "limit", "limit_per_customer", "limit_per_day", "currency",
            "also_in", "prices", "budget",
        ]  # fmt: skip
        widgets = {
            "conditions": UnfoldAdminTextareaWidget(attrs={"rows": 5, "spellcheck": "false"}),
            "benefit": UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
        }


@admin.register(Promotion)
class PromotionAdmin(Admin):
    """Offers that apply by themselves."""

    form = PromotionForm
    list_display = ["name", "status", "stacking", "priority", "uses", "money", "starts_at", "ends_at"]
    list_filter = ["active", "needs_code", "stacking"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [BudgetInline]

    @display(description=_("state"), ordering="active", label={_("on"): "success", _("off"): "warning"})
    def status(self, promotion: Promotion) -> Any:
        """Say whether it applies."""
        return _("on") if promotion.active else _("off")

    @display(description=_("used"), ordering="used")
    def uses(self, promotion: Promotion) -> str:
        """Show uses and limit."""
        return f"{number(promotion.used)} / {number(promotion.limit) if promotion.limit else '∞'}"

    @display(description=_("spent"), ordering="spent")
    def money(self, promotion: Promotion) -> str:
        """Show what was given, and the budget."""
        spent = money_text(promotion.spent, promotion.currency)
        if promotion.budget is None:
            return spent
        return f"{spent} / {money_text(promotion.budget, promotion.currency)}"

    def save_model(self, request: HttpRequest, obj: Promotion, form: Any, change: bool) -> None:
        """Stamp the record."""
        obj.created_at = obj.created_at or clock.now()
        super().save_model(request, obj, form, change)
