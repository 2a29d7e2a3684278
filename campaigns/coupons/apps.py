from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class CouponsConfig(AppConfig):
    name = "campaigns.coupons"
    verbose_name = _("Coupons")

    def ready(self) -> None:
        """Say what merges, erasures and exports do with the codes, and offer codes by the million as jobs."""
        from accounts.jobs import JobKind, kinds
        from campaigns.coupons import exports, jobs, people

        kinds.add(jobs.GENERATE, JobKind(noop("Generate codes"), "ingest", "campaigns.coupons.jobs.generate"))
        kinds.add(
            jobs.TAKE_OVER, JobKind(noop("Take over codes"), "ingest", "campaigns.coupons.jobs.take_over")
        )
        exports.register()
        people.register()
