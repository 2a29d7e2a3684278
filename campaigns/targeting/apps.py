from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class TargetingConfig(AppConfig):
    name = "campaigns.targeting"
    verbose_name = _("Offer plans")

    def ready(self) -> None:
        """Offer planning as a job, and say what merges, erasures and exports do with its rows."""
        from accounts.jobs import JobKind, kinds
        from campaigns.targeting import people

        kinds.add("offer_plan", JobKind(noop("Plan offers"), "training", "campaigns.targeting.jobs.plan"))
        kinds.add(
            "past_offers",
            JobKind(noop("Judge the redemption model"), "training", "campaigns.targeting.judging.judge"),
        )
        people.register()
