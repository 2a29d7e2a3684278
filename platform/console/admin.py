"""Lists that join what several apps know, and lists of third-party apps in the shell's clothes."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_celery_beat import admin as beat
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from catalog.admin import ProductAdmin
from catalog.models import Product
from core.admin import Admin
from core.figures import money_text, number
from customers.admin import CustomerAdmin
from customers.models import Customer
from profiles.models import RfmClass
from profiles.personas import display_name
from segments.models import Segment, SegmentMembership


class SegmentFilter(admin.SimpleListFilter):
    """Only those who are in a segment now."""

    title = _("segment")
    parameter_name = "segment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the segments by name."""
        return [(str(pk), name) for pk, name in Segment.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> QuerySet[Customer]:
        """Keep the current members."""
        if not self.value():
            return queryset
        stays = SegmentMembership.objects.filter(customer=OuterRef("pk"), segment=self.value(), left_at=None)
        return queryset.filter(Exists(stays))


@admin.register(Customer)
class CustomerOverviewAdmin(CustomerAdmin):
    """Customers with what their profiles know; the name leads to the whole picture."""

    list_display = ["person", "group", "persona", "orders", "revenue", "last_order", "country"]
    list_display_links = None
    list_filter = [
        "profile__rfm_class",
        "profile__lifecycle",
        "profile__persona",
        SegmentFilter,
        "no_profiling",
    ]
    list_select_related = ["profile__persona"]
    actions = ["merge_two"]

    @admin.action(description=_("Merge two customers …"), permissions=["merge"])
    def merge_two(self, request: HttpRequest, queryset: QuerySet[Customer]) -> HttpResponse | None:
        """Show what a merge of the two who are ticked would do."""
        ticked = list(queryset[:3])
        if len(ticked) != 2:
            self.message_user(request, _("Tick exactly two customers."), messages.ERROR)
            return None
        page = reverse("admin:customer_merge", args=[ticked[0].pk])
        return HttpResponseRedirect(f"{page}?with={ticked[1].pk}")

    def has_merge_permission(self, request: HttpRequest) -> bool:
        """Offer it to those who may."""
        return bool(request.user.has_perm("customers.merge_customer"))

    @display(description=_("customer"))
    def person(self, customer: Customer) -> Any:
        """Link to Customer 360."""
        name = str(customer)
        return format_html(
            '<a class="st-strong" href="{}">{}</a><br><span class="st-mute">{}</span>',
            reverse("admin:customer_360", args=[customer.pk]),
            name,
            customer.external_id if name != customer.external_id else "",
        )

    @display(
        description=_("RFM group"),
        ordering="profile__rfm_class",
        label={
            RfmClass.CHAMPIONS.label: "success",
            RfmClass.LOYAL.label: "success",
            RfmClass.NEW.label: "info",
            RfmClass.PROMISING.label: "info",
            RfmClass.AT_RISK.label: "warning",
            RfmClass.BIG_SPENDERS_QUIET.label: "warning",
            RfmClass.HIBERNATING.label: "danger",
        },
    )
    def group(self, customer: Customer) -> str | None:
        """Show the group as a pill."""
        profile = _profile(customer)
        return profile.get_rfm_class_display() if profile and profile.rfm_class else None

    @display(description=_("persona"), ordering="profile__persona__number")
    def persona(self, customer: Customer) -> str:
        """Show the persona's name."""
        profile = _profile(customer)
        return display_name(profile.persona) if profile and profile.persona else "–"

    @display(description=_("orders"), ordering="profile__orders")
    def orders(self, customer: Customer) -> str:
        """Show the number of orders."""
        profile = _profile(customer)
        return number(profile.orders) if profile else "–"

    @display(description=_("revenue"), ordering="profile__revenue")
    def revenue(self, customer: Customer) -> str:
        """Show the revenue so far."""
        profile = _profile(customer)
        return money_text(profile.revenue) if profile else "–"

    @display(description=_("last order"), ordering="profile__last_order_at")
    def last_order(self, customer: Customer) -> Any:
        """Show the day of the last order."""
        profile = _profile(customer)
        return profile.last_order_at if profile else None


def _profile(customer: Customer) -> Any:
    return getattr(customer, "profile", None)


@admin.register(Product)
class ProductOverviewAdmin(ProductAdmin):
    """Products; the name leads to the whole picture."""

    list_display_links = None

    @display(description=_("product"), ordering="sku")
    def headline(self, product: Product) -> Any:
        """Link to the product's page."""
        return format_html(
            '<a class="st-strong" href="{}">{}</a><br><span class="st-mute">{}</span>',
            reverse("admin:product", args=[product.pk]),
            product.name,
            product.sku if product.sku != product.name else "",
        )


class _TaskSelect(UnfoldAdminSelectWidget, beat.TaskSelectWidget):
    """The list of known tasks in the shell's clothes."""


class _PeriodicTaskForm(beat.PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()


for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, Admin):
    """What runs by itself, and when."""

    form = _PeriodicTaskForm
    list_display = ["name", "enabled", "scheduler", "last_run_at", "one_off"]
    list_filter = ["enabled", "one_off"]


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(beat.IntervalScheduleAdmin, Admin):
    """Every so often."""


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(beat.CrontabScheduleAdmin, Admin):
    """By the clock."""


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(beat.ClockedScheduleAdmin, Admin):
    """Once."""
