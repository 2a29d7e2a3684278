from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class ConsoleConfig(AppConfig):
    name = "console"
    verbose_name = _("Console")

    def ready(self) -> None:
        """Offer changing a list by hand as a job."""
        from accounts.jobs import JobKind, kinds

        kinds.add("list", JobKind(noop("Change a list"), "default", "console.segments.changes.change"))
