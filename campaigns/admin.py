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
from campaigns.models import Campaign
from campaigns.schedule.forms import FIELDSETS, SHOWN_WHEN, CampaignForm
from core import clock
from core.admin import Admin
from core.templatetags.studio import css_percent, number
from delivery.models import Run
from delivery.selectors import Breakdown, breakdown
from segments.selectors import display_name


@admin.register(Campaign)
class CampaignAdmin(Admin):
    """What is planned, under way and over, with how far each has come."""

    list_display = ["headline", "status", "audience_name", "funnel", "when"]
    list_display_links = None
    list_filter = ["state", "kind", "segment"]
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
        """Link to the report."""
        return format_html(
            '<a class="st-strong" href="{}">{}</a><br><span class="st-mute">{}</span>',
            reverse("admin:campaign_report", args=[campaign.pk]),
            campaign.name,
            campaign.get_kind_display(),
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

    @display(description=_("launched"), ordering="launched_at")
    def when(self, campaign: Campaign) -> Any:
        """Show when it was launched."""
        return campaign.launched_at

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
