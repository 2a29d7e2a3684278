"""Campaigns as a list and a plain form; previewing, launching and the report are pages of the console."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.audit import record
from accounts.models import User
from campaigns.actions import create_campaign
from campaigns.actions.change_campaign import touch
from campaigns.models import Campaign, CampaignRules
from campaigns.planning.parts import parts_in_words
from campaigns.schedule.forms import FIELDSETS, SHOWN_WHEN, CampaignForm
from core import clock
from core.admin import Admin
from core.figures import number
from core.templatetags.studio import css_percent
from delivery.models import Run
from delivery.selectors import Breakdown, breakdown
from segments.selectors import display_name


class Filed(admin.SimpleListFilter):
    """Whether the archive is shown; by itself the list shows what is not in it."""

    title = _("archive")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices beside the usual one."""
        return [("yes", _("Archived")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        """Call the usual choice by its name."""
        usual, *others = super().choices(changelist)
        return [usual | {"display": _("Not archived")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> QuerySet[Campaign]:
        """Leave the archive out, unless it is asked for."""
        if self.value() == "all":
            return queryset
        return queryset.filter(archived_at__isnull=self.value() != "yes")


@admin.register(CampaignRules)
class CampaignRulesAdmin(Admin):
    """The shop's rules for campaigns: one row."""

    list_display = ["__str__", "approval_above", "approvers_too"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let there be one."""
        return super().has_add_permission(request) and not CampaignRules.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: CampaignRules | None = None) -> bool:
        """Rules are changed, not removed."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Open the one row, or the form that makes it."""
        if super().has_view_permission(request):
            if CampaignRules.objects.filter(pk=1).exists():
                return HttpResponseRedirect(reverse("admin:campaigns_campaignrules_change", args=[1]))
            if self.has_add_permission(request):
                return HttpResponseRedirect(reverse("admin:campaigns_campaignrules_add"))
        return super().changelist_view(request, extra_context)

    def save_model(self, request: HttpRequest, obj: CampaignRules, form: Any, change: bool) -> None:
        """Store the one row, and who did."""
        obj.pk = 1
        super().save_model(request, obj, form, change)
        record(
            action="change_campaign_rules",
            target=obj,
            now=clock.now(),
            user=cast(User, request.user),
            after={name: str(form.cleaned_data[name]) for name in form.changed_data},
        )


@admin.register(Campaign)
class CampaignAdmin(Admin):
    """What is planned, under way and over, with how far each has come."""

    list_display = ["headline", "status", "audience_name", "funnel", "when"]
    list_display_links = None
    list_filter = [Filed, "state", "kind", "approval", "segment"]
    list_select_related = ["segment", "experiment"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["segment", "trigger_segment"]
    form = CampaignForm
    conditional_fields = SHOWN_WHEN
    fieldsets = (
        (None, {"fields": ("name", "slug", "kind", "segment")}),
        (
            _("What is said"),
            {"fields": (("channel", "topic"), "content", "objective", "pool", "plan", "promotion")},
        ),
        *FIELDSETS,
        (_("What is measured"), {"fields": ("goal_days",)}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leave out the small buttons that open a segment in a window: the builder is a page of its own."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("segment", "trigger_segment"):
            for button in ("can_add_related", "can_change_related", "can_view_related", "can_delete_related"):
                setattr(field.widget, button, False)
        return field

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        """Remember the request's figures: a page of the list reads them in two queries."""
        self._progress: dict[str, Breakdown] | None = None
        return super().get_queryset(request)

    def _parts(self, campaign: Campaign) -> Breakdown | None:
        if self._progress is None:
            runs = dict(
                Run.objects.filter(source="campaign").order_by("created_at").values_list("reference", "pk")
            )
            parts = breakdown(runs.values())
            self._progress = {reference: parts[pk] for reference, pk in runs.items()}
        return self._progress.get(str(campaign.pk))

    @display(description=_("campaign"), ordering="name")
    def headline(self, campaign: Campaign) -> Any:
        """Link to the plan of a draft, to the report of what was launched."""
        planning = campaign.state == Campaign.State.DRAFT and campaign.archived_at is None
        return format_html(
            '<a class="st-strong" href="{}">{}</a><br><span class="st-mute">{}</span>',
            reverse("admin:campaign_plan", args=[campaign.pk, "goal"])
            if planning
            else reverse("admin:campaign_report", args=[campaign.pk]),
            campaign.name,
            parts_in_words(campaign),
        )

    @display(
        description=_("state"),
        ordering="state",
        label={
            Campaign.State.SCHEDULED.label: "info",
            Campaign.State.RUNNING.label: "info",
            Campaign.State.PAUSED.label: "warning",
            Campaign.State.FINISHED.label: "success",
            Campaign.State.CANCELLED.label: "danger",
        },
    )
    def status(self, campaign: Campaign) -> str:
        """Show the state as a pill."""
        return campaign.get_state_display()

    @display(description=_("audience"), ordering="segment__name")
    def audience_name(self, campaign: Campaign) -> Any:
        """Show the segment with its size."""
        if campaign.segment is None:
            return _("everyone")
        return format_html(
            '{}<br><span class="st-mute st-num">{}</span>',
            display_name(campaign.segment),
            number(campaign.segment.size),
        )

    @display(description=_("audience → sent"))
    def funnel(self, campaign: Campaign) -> Any:
        """Show the way from audience to sent."""
        parts = self._parts(campaign)
        if parts is None or not parts.audience:
            return "–"
        return format_html(
            '<span class="st-mini"><i style="width: 100%"></i><i style="width: {}"></i>'
            "<span>{} → {}</span></span>",
            css_percent(parts.sent / parts.audience),
            number(parts.audience),
            number(parts.sent),
        )

    @display(description=_("when"), ordering="launched_at")
    def when(self, campaign: Campaign) -> Any:
        """Show when it goes, was launched, or was changed last."""
        return campaign.next_at or campaign.launched_at or campaign.changed_at or campaign.created_at

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Lead to the wizard: the plain form is for the data of a draft."""
        if request.method == "GET" and self.has_add_permission(request):
            query = request.GET.urlencode()
            return HttpResponseRedirect(reverse("admin:campaign_new") + (f"?{query}" if query else ""))
        return super().add_view(request, form_url, extra_context)

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Let only drafts be changed: what was launched is a fact."""
        draft = obj is None or obj.state == Campaign.State.DRAFT
        return draft and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Let only drafts be deleted."""
        draft = obj is not None and obj.state == Campaign.State.DRAFT
        return draft and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:
        """Create by the same action as the interface; a draft's changes go into the audit log."""
        person = cast(User, request.user)  # the site lets nobody else in
        if change:
            touch(obj, now=clock.now())
            super().save_model(request, obj, form, change)
            record(
                action="change_campaign",
                target=obj,
                now=clock.now(),
                user=person,
                after={"fields": form.changed_data},
            )
            return
        created = create_campaign(user=person, now=clock.now(), **form.cleaned_data)
        obj.pk, obj.created_at, obj.created_by = created.pk, created.created_at, created.created_by
        obj._state.adding = False

    def response_post_save_add(self, request: HttpRequest, obj: Campaign) -> HttpResponse:
        """Go on to the draft's own page, where it is previewed and launched."""
        return HttpResponseRedirect(reverse("admin:campaign_report", args=[obj.pk]))

    response_post_save_change = response_post_save_add
