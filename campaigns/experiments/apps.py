from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class ExperimentsConfig(AppConfig):
    name = "campaigns.experiments"
    verbose_name = _("Experiments")

    def ready(self) -> None:
        """Offer analysis and tuning as jobs."""
        from accounts.jobs import JobKind, kinds
        from campaigns.experiments import people

        kinds.add(
            "analyse", JobKind(noop("Analyse an experiment"), "default", "campaigns.experiments.jobs.analyse")
        )
        kinds.add(
            "tune", JobKind(noop("Tune by an experiment"), "default", "campaigns.experiments.jobs.decide")
        )
        people.register()
