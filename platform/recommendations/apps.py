from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = _("Recommendations")

    def ready(self) -> None:
        """Offer training, lists, searches, forecasts, looking back as jobs, and what tuning changes."""
        from accounts.jobs import JobKind, kinds
        from recommendations import people
        from recommendations.services.tuning.kinds import register
        from recommendations.services.tuning.strategies import BLEND, STRATEGY

        kinds.add("train", JobKind(noop("Train the recommenders"), "training", "recommendations.jobs.train"))
        kinds.add(
            "recommendation-lists",
            JobKind(noop("Bring the lists up to date"), "training", "recommendations.jobs.lists"),
        )
        kinds.add(
            "search-strategy",
            JobKind(noop("Search for better parameters"), "training", "recommendations.jobs.search"),
        )
        kinds.add(
            "bundles",
            JobKind(noop("Look for what is bought together"), "training", "recommendations.bundles.find"),
        )
        kinds.add(
            "forecast-demand",
            JobKind(noop("Forecast the demand"), "training", "recommendations.jobs.demand"),
        )
        kinds.add(
            "review-lists",
            JobKind(noop("Look back at what lists did"), "training", "recommendations.jobs.review"),
        )
        register(STRATEGY)
        register(BLEND)
        people.register()
