from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeliveryConfig(AppConfig):
    name = "delivery"
    verbose_name = _("Delivery")

    def ready(self) -> None:
        """Register the channels; their modules need the models, so they are imported here."""
        from anymail.signals import tracking

        from customers.models import Channel
        from delivery.channels import channels
        from delivery.channels.email import EmailChannel
        from delivery.preferences.opt_in import SOURCE, OptInSource
        from delivery.returns.webhooks import receive
        from delivery.sources import sources

        channels.add(Channel.EMAIL, EmailChannel())
        sources.add(SOURCE, OptInSource())
        tracking.connect(receive, dispatch_uid="delivery.returns")
