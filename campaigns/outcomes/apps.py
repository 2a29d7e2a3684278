from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutcomesConfig(AppConfig):
    name = "campaigns.outcomes"
    verbose_name = _("Outcomes")

    def ready(self) -> None:
        """Say what happens to this app's table; the module needs the models, hence the late import."""
        from campaigns.outcomes import people

        people.register()
