from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class SegmentsConfig(AppConfig):
    name = "segments"
    verbose_name = _("Audience")

    def ready(self) -> None:
        """Offer refreshing as a job."""
        from accounts.jobs import JobKind, kinds
        from segments import people

        kinds.add("segments", JobKind(noop("Refresh segments"), "default", "segments.jobs.refresh"))
        people.register()
