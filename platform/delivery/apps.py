from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeliveryConfig(AppConfig):
    name = "delivery"
    verbose_name = _("Delivery")

    def ready(self) -> None:
        """Register the channels; their modules need the models, so they are imported here."""
        from customers.models import Channel
        from delivery.channels import channels
        from delivery.channels.email import EmailChannel
        from delivery.exports import register

        channels.add(Channel.EMAIL, EmailChannel())
        register()
