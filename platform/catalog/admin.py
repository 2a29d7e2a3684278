"""Products and categories."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from catalog.models import Category, PriceChange, Product, StockChange
from core import clock
from core.admin import Admin, EstimatedPaginator, FactsInline
from core.figures import money_text


class PriceInline(FactsInline):
    """What it cost, since when."""

    model = PriceChange
    fields = readonly_fields = ["at", "price", "currency"]
    ordering = ["-at"]
    per_page = 10


class StockInline(FactsInline):
    """How many there were, since when."""

    model = StockChange
    fields = readonly_fields = ["at", "stock"]
    ordering = ["-at"]
    per_page = 10


class ProductAdmin(Admin):
    """What the shop offers. Searched by the beginning of sku or name. Registered by the console."""

    paginator = EstimatedPaginator
    list_display = ["headline", "category", "brand", "money", "stock", "active"]
    list_select_related = ["category"]
    list_filter = ["active", "is_stub", ("stock", admin.EmptyFieldListFilter)]
    search_fields = ["sku__startswith", "name__istartswith"]
    search_help_text = _("The beginning of the sku or of the name")
    autocomplete_fields = ["category"]
    ordering = ["-pk"]
    sortable_by = ["headline"]
    readonly_fields = ["is_stub", "created_at", "updated_at"]
    inlines = [PriceInline, StockInline]

    @display(description=_("product"), header=True, ordering="sku")
    def headline(self, product: Product) -> list[str]:
        """Show the name over the sku."""
        return [product.name, product.sku, product.name[:1]]

    @display(description=_("price"))
    def money(self, product: Product) -> str:
        """Show the price with its currency."""
        return money_text(product.price, product.currency)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        """Stamp the record."""
        now = clock.now()
        obj.created_at = obj.created_at or now
        obj.updated_at = now
        if obj.cost is None:
            obj.cost_currency = ""
        obj.cost_currency = obj.cost_currency or (obj.currency or settings.SHOP_CURRENCY if obj.cost else "")
        super().save_model(request, obj, form, change)


@admin.register(Category)
class CategoryAdmin(Admin):
    """The category tree."""

    list_display = ["name", "path", "products_count", "recommendable"]
    list_filter = ["recommendable"]
    search_fields = ["name__istartswith", "path__startswith"]
    autocomplete_fields = ["parent"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        """Count the products of each category in the same query."""
        return super().get_queryset(request).annotate(n=Count("products"))

    @display(description=_("products"), ordering="n")
    def products_count(self, category: Category) -> int:
        """Show how many products are directly in it."""
        return category.n  # type: ignore[attr-defined]
