from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DecisionsConfig(AppConfig):
    name = "campaigns.decisions"
    verbose_name = _("Decisions")

    def ready(self) -> None:
        """Tell recommendations what messages showed."""
        from campaigns.decisions.shown import IMPRESSIONS, shown_rows, shown_since
        from recommendations.registries import impressions, messaged, shown

        messaged.add("campaigns", shown_since)
        shown.add("campaigns", shown_rows)
        impressions.add("campaigns", IMPRESSIONS)
