"""Coupon pools, codes and redemptions."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.coupons.models import Coupon, CouponPool, Redemption
from core.admin import FactsAdmin, FactsInline, LargeFactsAdmin
from core.figures import money_text, number


@admin.register(CouponPool)
class CouponPoolAdmin(FactsAdmin):
    """Stocks of codes as data; people fill and change them on the pool's page."""

    list_display = ["name", "promotion", "codes", "left", "redeemed", "show"]
    list_select_related = ["promotion"]
    list_filter = ["promotion"]
    search_fields = ["name", "prefix"]
    readonly_fields = ["page"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CouponPool]:
        """Count the codes in the same query."""
        return (
            super()
            .get_queryset(request)
            .annotate(
                codes_n=Count("coupons"),
                left_n=Count("coupons", filter=Q(coupons__customer=None, coupons__used=0)),
                used_n=Count("coupons", filter=Q(coupons__used__gt=0)),
            )
        )

    @display(description=_("codes"), ordering="codes_n")
    def codes(self, pool: Any) -> str:
        """Show how many codes there are."""
        return number(pool.codes_n)

    @display(description=_("not given out"), ordering="left_n")
    def left(self, pool: Any) -> str:
        """Show how many nobody has yet."""
        return number(pool.left_n)

    @display(description=_("redeemed"), ordering="used_n")
    def redeemed(self, pool: Any) -> str:
        """Show how many were used."""
        return number(pool.used_n)

    @display(description="")
    def show(self, pool: CouponPool) -> Any:
        """Link to the codes."""
        url = reverse("admin:coupons_coupon_changelist")
        return format_html('<a class="st-link" href="{}?pool__id__exact={}">{}</a>', url, pool.pk, _("Codes"))

    @display(description=_("page"))
    def page(self, pool: CouponPool) -> Any:
        """Lead to where the pool is filled and changed."""
        url = reverse("admin:offer_pool", args=[pool.pk])
        return format_html('<a class="st-link" href="{}">{}</a>', url, _("Open the pool"))


class RedemptionInline(FactsInline):
    """On which orders the code was used."""

    model = Redemption
    fields = readonly_fields = ["redeemed_at", "order_id", "customer", "discount", "rolled_back_at"]
    per_page = 10


@admin.register(Coupon)
class CouponAdmin(LargeFactsAdmin):
    """Codes, found exactly."""

    list_display = ["code", "pool", "customer", "assigned_at", "expires_at", "uses"]
    list_select_related = ["pool", "customer"]
    list_filter = ["pool", ("customer", admin.EmptyFieldListFilter)]
    search_fields = ["code__exact"]
    search_help_text = _("The exact code")
    inlines = [RedemptionInline]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Coupon], search_term: str
    ) -> tuple[QuerySet[Coupon], bool]:
        """Read the code as a till does: without spaces, in upper case."""
        code = "".join(search_term.split()).upper()
        return super().get_search_results(request, queryset, code)

    @display(description=_("used"))
    def uses(self, coupon: Coupon) -> str:
        """Show uses and limit."""
        return f"{coupon.used} / {coupon.limit}"


@admin.register(Redemption)
class RedemptionAdmin(FactsAdmin):
    """Codes used on orders."""

    list_display = ["redeemed_at", "coupon", "customer", "order_id", "given", "rolled_back_at"]
    list_select_related = ["coupon", "customer"]
    list_filter = ["coupon__pool"]
    search_fields = ["order_id__exact", "coupon__code__exact"]

    @display(description=_("discount"), ordering="discount")
    def given(self, redemption: Redemption) -> str:
        """Show the discount."""
        return money_text(redemption.discount, redemption.currency)
