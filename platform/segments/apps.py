from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SegmentsConfig(AppConfig):
    name = "segments"
    verbose_name = _("Audience")

    def ready(self) -> None:
        """Offer refreshing as a job."""
        from accounts.jobs import kinds
        from segments.jobs import REFRESH

        kinds.add("segments", REFRESH)
