"""Promotions and the ledger of what they gave."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.promotions import editing
from campaigns.promotions.models import BudgetEntry, Promotion
from core import clock
from core.admin import Admin, FactsInline
from core.figures import money_text, number


class BudgetInline(FactsInline):
    """What the promotion gave, entry by entry."""

    model = BudgetEntry
    fields = readonly_fields = ["at", "amount", "reference"]
    ordering = ["-at"]
    per_page = 25


class PromotionForm(forms.ModelForm):
    """What programs know a promotion by; its rules are written in the editor."""

    class Meta:
        model = Promotion
        fields = ["slug"]

    def clean_slug(self) -> str:
        """Keep the short name once it was used: tills and their orders name the promotion by it."""
        slug = str(self.cleaned_data["slug"])
        if self.instance.used and slug != self.initial.get("slug"):
            raise forms.ValidationError(_("It was used already, so tills know it by this name."))
        return slug


@admin.register(Promotion)
class PromotionAdmin(Admin):
    """Promotions as data: how they stand, and what programs know them by. People write in the editor."""

    form = PromotionForm
    list_display = ["name", "status", "stacking", "priority", "uses", "money", "starts_at", "ends_at"]
    list_filter = ["active", "needs_code", "stacking"]
    search_fields = ["name", "slug"]
    readonly_fields = [
        "editor", "conditions", "benefit", "stacking", "priority", "needs_code", "starts_at", "ends_at",
        "active", "limit", "limit_per_customer", "limit_per_day", "currency", "also_in", "prices", "budget",
    ]  # fmt: skip
    fields = ["slug", *readonly_fields]
    inlines = [BudgetInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: the editor makes promotions, checks them and tells the audit log."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Promotion | None = None) -> bool:
        """Refuse: what was given away stays on record; the editor archives."""
        return False

    @display(description=_("rule"))
    def editor(self, promotion: Promotion) -> Any:
        """Lead to where the rule is written."""
        url = reverse("admin:promotion_edit", args=[promotion.pk])
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
            url,
            _("Open it in the editor"),
        )

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
        """Rename it for programs, as the service does."""
        user: Any = request.user
        if form.changed_data:
            editing.rename_for_programs(obj, slug=obj.slug, now=clock.now(), user=user)
