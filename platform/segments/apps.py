from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class SegmentsConfig(AppConfig):
    name = "segments"
    verbose_name = _("Audience")

    def ready(self) -> None:
        """Offer refreshing as a job, and members as a list to take out."""
        from accounts.jobs import JobKind, kinds
        from events import changes
        from segments import incremental, people
        from segments.exports import register

        register()
        kinds.add("segments", JobKind(noop("Refresh segments"), "default", "segments.jobs.refresh"))
        kinds.add("flow_list", JobKind(noop("Fill a list"), "default", "segments.jobs.fill_from_flow"))
        people.register()
        changes.consumers.add(incremental.CONSUMER, "keeps memberships up to date")
