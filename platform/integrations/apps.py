from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        """Offer imports as jobs."""
        from accounts.jobs import kinds
        from integrations.jobs import IMPORT

        kinds.add("import", IMPORT)
