from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Engage")

    def ready(self) -> None:
        """Register as a source of messages; the source needs the models, so it is imported here."""
        from campaigns import people
        from campaigns.direct import EmailTemplates
        from campaigns.schedule.sending import SOURCE
        from campaigns.schedule.triggers import CONSUMER
        from campaigns.sources import CampaignSource
        from customers.models import Channel
        from delivery.direct.templates import templates
        from delivery.sources import sources
        from events import changes

        changes.consumers.add(CONSUMER, "fires triggered campaigns")
        sources.add(SOURCE, CampaignSource())
        templates.add(Channel.EMAIL, EmailTemplates())
        people.register()
