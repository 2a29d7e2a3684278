from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = _("Recommendations")

    def ready(self) -> None:
        """Offer training as a job."""
        from accounts.jobs import JobKind, kinds
        from recommendations import people

        kinds.add("train", JobKind(noop("Train the recommenders"), "training", "recommendations.jobs.train"))
        people.register()
