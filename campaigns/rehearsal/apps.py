from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class RehearsalConfig(AppConfig):
    name = "campaigns.rehearsal"
    verbose_name = _("Rehearsals")

    def ready(self) -> None:
        """Offer rehearsing as a job."""
        from accounts.jobs import JobKind, kinds

        kinds.add(
            "rehearse", JobKind(noop("Rehearse a campaign"), "training", "campaigns.rehearsal.jobs.run")
        )
