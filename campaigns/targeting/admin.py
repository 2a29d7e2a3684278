"""Plans of offers as facts; they are made and computed over REST."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.targeting.models import OfferPlan
from core.admin import FactsAdmin


@admin.register(OfferPlan)
class OfferPlanAdmin(FactsAdmin):
    """What was planned, what it is expected to bring, and where it stands."""

    list_display = ["name", "method", "budget", "expected", "people", "computed_at", "launched_at"]
    list_filter = ["method"]
    search_fields = ["name", "slug"]

    @display(description=_("expected gain"))
    def expected(self, plan: OfferPlan) -> Any:
        """Show what the plan is expected to bring."""
        return f"{plan.summary['gain']} {plan.currency}" if plan.summary else "–"

    @display(description=_("offers"))
    def people(self, plan: OfferPlan) -> Any:
        """Show how many people get something."""
        return plan.summary.get("offers", "–")
