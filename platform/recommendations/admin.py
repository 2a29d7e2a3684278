"""Strategies, models and decisions as lists; the page that compares them is in the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from core import clock
from core.admin import Admin, FactsAdmin, LargeFactsAdmin
from recommendations.families import FAMILIES, check
from recommendations.models import Champion, Decision, ModelVersion, Posterior, Strategy, TuningDecision


class StrategyForm(forms.ModelForm):
    """A strategy of a model that exists, with parameters that it takes."""

    class Meta:
        model = Strategy
        fields = ("key", "name", "family", "parameters", "reranking", "active", "precompute")
        widgets = {"family": UnfoldAdminSelectWidget(choices=[])}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "family" in self.fields:
            self.fields["family"].widget.choices = [
                (name, f"{name} – {label}") for name, label in FAMILIES.items()
            ]

    def clean(self) -> dict[str, Any]:
        """Check the model and its parameters together."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("family") and isinstance(cleaned.get("parameters"), dict):
            check(cleaned["family"], cleaned["parameters"])
        return cleaned


@admin.register(Strategy)
class StrategyAdmin(Admin):
    """Ways to recommend."""

    form = StrategyForm
    list_display = ["title", "family", "active", "precompute", "version"]
    list_filter = ["family", "active"]
    search_fields = ["key", "name"]
    readonly_fields = ["version", "created_at"]

    @display(description=_("name"), ordering="name")
    def title(self, strategy: Strategy) -> str:
        """Show the name, translated where it is one of ours."""
        return gettext(strategy.name)

    def save_model(self, request: HttpRequest, obj: Strategy, form: Any, change: bool) -> None:
        """Count the version up when what is computed changes."""
        if change and {"family", "parameters", "reranking"} & set(form.changed_data):
            obj.version += 1
        obj.created_at = obj.created_at or clock.now()
        super().save_model(request, obj, form, change)


@admin.register(ModelVersion)
class ModelVersionAdmin(FactsAdmin):
    """What was trained, on what, and how good it was."""

    list_display = ["strategy", "status", "as_of", "ndcg", "ndcg_new", "rows", "fit_seconds", "created_at"]
    list_select_related = ["strategy"]
    list_filter = ["stage", "strategy"]
    search_fields = ["strategy__key", "strategy__name"]

    @display(
        description=_("stage"),
        ordering="stage",
        label={ModelVersion.Stage.CHAMPION.label: "success", ModelVersion.Stage.CHALLENGER.label: "info"},
    )
    def status(self, version: ModelVersion) -> str:
        """Show the stage as a pill."""
        return version.get_stage_display()

    @display(description="NDCG@10")
    def ndcg(self, version: ModelVersion) -> str:
        """Show how well it ranks what people buy next."""
        return _figure(version, "replenish")

    @display(description=_("NDCG@10 of new products"))
    def ndcg_new(self, version: ModelVersion) -> str:
        """Show how well it ranks what they had never bought."""
        return _figure(version, "discover")


def _figure(version: ModelVersion, objective: str) -> str:
    value = version.metrics.get("objectives", {}).get(objective, {}).get("ndcg10")
    return "–" if value is None else f"{value:.3f}"


@admin.register(TuningDecision)
class TuningDecisionAdmin(FactsAdmin):
    """What measurements changed, with their evidence. Rolled back on the page of recommendations."""

    list_display = ["created_at", "kind", "use", "result", "changed", "reference", "reverted_at"]
    list_filter = ["kind", "use", "verdict", "changed"]
    search_fields = ["use", "reference"]

    @display(
        description=_("verdict"),
        label={
            TuningDecision.Verdict.BETTER.label: "success",
            TuningDecision.Verdict.WORSE.label: "danger",
        },
    )
    def result(self, decision: TuningDecision) -> str:
        """Show the verdict as a pill."""
        return decision.get_verdict_display()


@admin.register(Champion)
class ChampionAdmin(FactsAdmin):
    """Who serves."""

    list_display = ["use", "strategy", "since", "decision"]
    list_select_related = ["strategy", "decision"]


@admin.register(Posterior)
class PosteriorAdmin(FactsAdmin):
    """What the measurements so far say."""

    list_display = ["subject", "key", "updated_at"]
    search_fields = ["subject", "key"]


@admin.register(Decision)
class DecisionAdmin(LargeFactsAdmin):
    """What was shown to whom, with which probability."""

    list_display = ["at", "slot", "customer", "propensity", "reward"]
    list_select_related = ["customer"]
    list_filter = ["slot"]
    search_fields = ["customer__external_id__startswith"]
