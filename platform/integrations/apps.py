from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        """Offer imports as jobs."""
        from accounts.jobs import JobKind, kinds
        from integrations import people

        kinds.add("import", JobKind(noop("Import a data set"), "ingest", "integrations.jobs.import_dataset"))
        people.register()
