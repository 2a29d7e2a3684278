from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = _("Recommendations")

    def ready(self) -> None:
        """Offer training, and looking for bundles, as jobs."""
        from accounts.jobs import JobKind, kinds
        from recommendations import people

        kinds.add("train", JobKind(noop("Train the recommenders"), "training", "recommendations.jobs.train"))
        kinds.add(
            "bundles",
            JobKind(noop("Look for what is bought together"), "training", "recommendations.bundles.find"),
        )
        people.register()
