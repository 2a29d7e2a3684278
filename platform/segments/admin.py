"""Segments, who is in, and their refreshes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from core import clock
from core.admin import Admin, FactsAdmin
from core.forms import JSONField
from core.templatetags.studio import number
from segments.compiler import compile_rule
from segments.explain import explain
from segments.models import Segment, SegmentRun
from segments.rules import RuleError
from segments.selectors import display_name
from segments.services import save_segment


class SegmentForm(forms.ModelForm):
    """A segment with its rule, which is read before it is stored."""

    rule = JSONField(
        label=_("rule"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_(
            "As JSON: {“field”: “profile.recency_days”, “op”: “gte”, “value”: 60},"
            " joined by “all”, “any”, “not”."
        ),
    )

    class Meta:
        model = Segment
        fields = ["name", "slug", "description", "kind", "rule"]

    def clean_rule(self) -> dict[str, Any]:
        """Refuse a rule that cannot be computed, and say where it fails."""
        rule = self.cleaned_data["rule"] or {"all": []}
        try:
            compile_rule(rule, as_of=clock.knowledge_now(), slug=self.cleaned_data.get("slug"))
        except RuleError as error:
            raise forms.ValidationError(
                f"{error.path}: {error.message}" if error.path else error.message
            ) from None
        return rule


@admin.register(Segment)
class SegmentAdmin(Admin):
    """Audiences: how many, by which rule, counted when."""

    form = SegmentForm
    list_display = ["title", "people", "rule_sentence", "ready", "refreshed_at"]
    list_filter = ["kind", "ready_made"]
    search_fields = ["name", "slug"]
    ordering = ["-ready_made", "name"]
    prepopulated_fields = {"slug": ["name"]}

    @display(description=_("segment"), ordering="name")
    def title(self, segment: Segment) -> Any:
        """Show the name over the description."""
        return format_html(
            '<span class="st-strong">{}</span><br><span class="st-mute">{}</span>',
            display_name(segment),
            gettext(segment.description) if segment.description else "",
        )

    @display(description=_("people"), ordering="size")
    def people(self, segment: Segment) -> Any:
        """Show the size, linked to the members."""
        if segment.size is None:
            return _("not counted yet")
        url = reverse("admin:customers_customer_changelist")
        return format_html(
            '<a class="st-link st-num" href="{}?segment={}">{}</a>', url, segment.pk, number(segment.size)
        )

    @display(description=_("rule"))
    def rule_sentence(self, segment: Segment) -> str:
        """Say the rule in words."""
        try:
            return explain(segment.rule) if segment.rule else "–"
        except RuleError as error:
            return str(error)

    @display(description=_("ready-made"), boolean=True, ordering="ready_made")
    def ready(self, segment: Segment) -> bool:
        """Say whether it came with the product."""
        return segment.ready_made

    def has_delete_permission(self, request: HttpRequest, obj: Segment | None = None) -> bool:
        """Keep the ready-made ones."""
        return super().has_delete_permission(request, obj) and not (obj and obj.ready_made)

    def save_model(self, request: HttpRequest, obj: Segment, form: Any, change: bool) -> None:
        """Store by the service, with its audit entry; the next refresh counts the people."""
        save_segment(obj, now=clock.now(), user=request.user)


@admin.register(SegmentRun)
class SegmentRunAdmin(FactsAdmin):
    """How long a refresh took, and what changed."""

    list_display = ["segment", "started_at", "size", "entered", "left", "duration_ms", "clean"]
    list_select_related = ["segment"]
    list_filter = [("error", admin.EmptyFieldListFilter)]
    search_fields = ["segment__name"]

    @display(description=_("without error"), boolean=True)
    def clean(self, run: SegmentRun) -> bool:
        """Say whether it went well."""
        return not run.error
