from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Engage")

    def ready(self) -> None:
        """Register as a source of messages; the source needs the models, so it is imported here."""
        from campaigns.sources import SOURCE, CampaignSource
        from delivery.sources import sources

        sources.add(SOURCE, CampaignSource())
