from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = _("Data")

    def ready(self) -> None:
        """Say what merges, erasures and exports do with the facts."""
        from events import people

        people.register()
