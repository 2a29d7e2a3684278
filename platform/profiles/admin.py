"""Personas, clusterings, profiles and scores."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from core import clock
from core.admin import Admin, FactsAdmin, LargeFactsAdmin
from profiles.dispatch import start
from profiles.models import (
    Clustering,
    CustomerProfile,
    CustomerScore,
    CustomerTexts,
    Persona,
    ProfileBuild,
    SalePeriod,
    ScoreVersion,
    Study,
)
from profiles.personas import display_name


@admin.register(Persona)
class PersonaAdmin(Admin):
    """Groups of customers who behave alike; only the name is for people to change."""

    list_display = ["number", "called", "size", "people"]
    list_display_links = ["called"]
    search_fields = ["name"]
    ordering = ["number"]
    fields = ["name", "number", "size", "traits", "clustering"]
    readonly_fields = ["number", "size", "traits", "clustering"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: clustering makes personas."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Persona | None = None) -> bool:
        """Refuse: numbers stay the same across refits."""
        return False

    def save_model(self, request: HttpRequest, obj: Persona, form: Any, change: bool) -> None:
        """Keep a name that a person gave across refits."""
        obj.name_edited = obj.name_edited or "name" in form.changed_data
        super().save_model(request, obj, form, change)

    @display(description=_("name"), ordering="name")
    def called(self, persona: Persona) -> str:
        """Name it in the reader's language, unless a person named it."""
        return display_name(persona)

    @display(description=_("customers"))
    def people(self, persona: Persona) -> Any:
        """Link to the people in it."""
        url = reverse("admin:customers_customer_changelist")
        return format_html(
            '<a class="st-link" href="{}?profile__persona__id__exact={}">{}</a>', url, persona.pk, _("Show")
        )


@admin.register(Clustering)
class ClusteringAdmin(FactsAdmin):
    """How the personas were found, and how good the fit is."""

    list_display = ["as_of", "k", "silhouette", "stability", "customers", "active"]


@admin.register(CustomerProfile)
class CustomerProfileAdmin(FactsAdmin):
    """What is known about each customer, field by field."""

    list_display = ["customer", "rfm_class", "lifecycle", "persona_name", "orders", "revenue", "recency_days"]
    list_select_related = ["customer", "persona"]
    list_filter = ["rfm_class", "lifecycle", "persona"]
    search_fields = ["customer__external_id__startswith"]
    ordering = ["-pk"]
    actions_list = ["know"]

    @display(description=_("persona"), ordering="persona")
    def persona_name(self, profile: CustomerProfile) -> str:
        """Name the persona in the reader's language."""
        return display_name(profile.persona) if profile.persona else "–"

    @action(description=_("Know the customers anew"), url_path="know", icon="refresh", permissions=["know"])
    def know(self, request: HttpRequest) -> HttpResponse:
        """Ask, then start building profiles, personas, scores and studies, and show how far they are."""
        if request.method != "POST":
            title = _("Know the customers anew")
            context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
            return TemplateResponse(request, "admin/profiles/know.html", context)
        user: Any = request.user
        job = start("know", now=clock.now(), user=user)
        return HttpResponseRedirect(reverse("admin:job", args=[job.pk]))

    def has_know_permission(self, request: HttpRequest) -> bool:
        """Let those start it who may edit personas."""
        user: Any = request.user
        return bool(user.has_perm("profiles.change_persona"))


@admin.register(CustomerScore)
class CustomerScoreAdmin(LargeFactsAdmin):
    """What models say about customers."""

    list_display = ["customer", "kind", "score", "low", "high", "model_version", "as_of"]
    list_select_related = ["customer"]
    list_filter = ["kind"]
    search_fields = ["customer__external_id__startswith"]


@admin.register(ScoreVersion)
class ScoreVersionAdmin(FactsAdmin):
    """How each score was trained, how good it is, or what is missing for it."""

    list_display = ["kind", "as_of", "known", "active", "model", "customers"]
    list_filter = ["active", "known"]


@admin.register(CustomerTexts)
class CustomerTextsAdmin(LargeFactsAdmin):
    """What customers' own words say."""

    list_display = ["customer", "interests", "reviews", "sentiment", "as_of"]
    list_select_related = ["customer"]
    search_fields = ["customer__external_id__startswith"]


@admin.register(Study)
class StudyAdmin(FactsAdmin):
    """What was found out about all customers together."""

    list_display = ["kind", "as_of", "known", "created_at"]
    list_filter = ["kind", "known"]


@admin.register(ProfileBuild)
class ProfileBuildAdmin(FactsAdmin):
    """The complete builds of all profiles."""

    list_display = ["as_of", "started_at", "finished_at", "facts", "customers"]


@admin.register(SalePeriod)
class SalePeriodAdmin(Admin):
    """Days on which the shop sold at a discount to everybody."""

    list_display = ["name", "starts_on", "ends_on"]
    search_fields = ["name"]
    ordering = ["-starts_on"]
