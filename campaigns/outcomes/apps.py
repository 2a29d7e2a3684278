from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutcomesConfig(AppConfig):
    name = "campaigns.outcomes"
    verbose_name = _("Outcomes")

    def ready(self) -> None:
        """Say what happens to this app's tables; the modules need the models, hence the late imports."""
        from campaigns.outcomes import people
        from campaigns.outcomes.daily.orders import CONSUMER
        from events import changes

        people.register()
        changes.consumers.add(CONSUMER, "keeps the shop's days up to date")
