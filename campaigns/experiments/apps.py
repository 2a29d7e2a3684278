from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExperimentsConfig(AppConfig):
    name = "campaigns.experiments"
    verbose_name = _("Experiments")

    def ready(self) -> None:
        """Offer analysis and tuning as jobs."""
        from accounts.jobs import kinds
        from campaigns.experiments.jobs import ANALYSE, TUNE

        kinds.add("analyse", ANALYSE)
        kinds.add("tune", TUNE)
