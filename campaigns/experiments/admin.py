"""Experiments as a list; the report is a page of the console."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.experiments.models import Experiment, Snapshot
from campaigns.experiments.statistics.verdict import Outcome
from core.admin import FactsAdmin

#: A live test's outcome in a word.
_OUTCOMES = {
    Outcome.SHIP: gettext_noop("better"),
    Outcome.SHIP_WITH_HOLDOUT: gettext_noop("better"),
    Outcome.STOP_HARM: gettext_noop("worse"),
    Outcome.BLOCKED: gettext_noop("blocked"),
    Outcome.NO_DIFFERENCE: gettext_noop("no difference"),
    Outcome.CONTINUE: gettext_noop("not yet known"),
}


@admin.register(Experiment)
class ExperimentAdmin(FactsAdmin):
    """What was compared, and what came out."""

    list_display = ["headline", "status", "variants_list", "verdict", "held_out", "starts_at"]
    list_display_links = None
    list_filter = ["kind", "state"]
    search_fields = ["name", "key"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Experiment]:
        """Read variants and the newest look with the list: three queries for a page."""
        newest = Snapshot.objects.order_by("experiment_id", "-look").distinct("experiment_id")
        return (
            super()
            .get_queryset(request)
            .prefetch_related("variants", Prefetch("snapshots", queryset=newest, to_attr="newest"))
        )

    @display(description=_("experiment"), ordering="name")
    def headline(self, experiment: Experiment) -> Any:
        """Link to the report."""
        url = reverse("admin:experiment_report", args=[experiment.pk])
        return format_html(
            '<a class="st-strong" href="{}">{}</a><br><span class="st-mute">{}</span>',
            url,
            experiment.name,
            experiment.get_kind_display(),
        )

    @display(
        description=_("state"),
        ordering="state",
        label={
            Experiment.State.RUNNING.label: "info",
            Experiment.State.PAUSED.label: "warning",
            Experiment.State.DECIDED.label: "success",
        },
    )
    def status(self, experiment: Experiment) -> str:
        """Show the state as a pill."""
        return experiment.get_state_display()

    @display(description=_("variants"))
    def variants_list(self, experiment: Experiment) -> str:
        """Name the variants."""
        return " · ".join(variant.name for variant in experiment.variants.all())

    @display(
        description=_("verdict"),
        label={
            _("better"): "success",
            _("worse"): "danger",
            _("no difference"): "info",
            _("blocked"): "warning",
        },
    )
    def verdict(self, experiment: Any) -> str | None:
        """Show what the newest look said; of a live test, what its rules made of it."""
        if not experiment.newest:
            return None
        results = experiment.newest[0].results
        said = _OUTCOMES[Outcome(results["outcome"])] if "outcome" in results else results["verdict"]
        return gettext(said)

    @display(description=_("held out"), ordering="holdout_share")
    def held_out(self, experiment: Experiment) -> str:
        """Show the share that is left alone."""
        return f"{experiment.holdout_share:.0%}"
