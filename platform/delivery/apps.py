from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeliveryConfig(AppConfig):
    name = "delivery"
    verbose_name = _("Delivery")

    def ready(self) -> None:
        """Register the channels and their providers; the modules need the models, hence the late import."""
        from anymail.signals import tracking

        from customers.models import Channel
        from delivery import exports, people
        from delivery.channels import channels, email, onsite, push, sms, staff, webhook
        from delivery.direct.source import SOURCE as DIRECT
        from delivery.direct.source import DirectSource
        from delivery.preferences.opt_in import SOURCE, OptInSource
        from delivery.providers.kinds import kinds
        from delivery.returns.webhooks import receive
        from delivery.sources import sources

        sources.add(DIRECT, DirectSource())
        channels.add(Channel.EMAIL, email.EmailChannel())
        channels.add(Channel.SMS, sms.SmsChannel())
        channels.add(Channel.PUSH, push.PushChannel())
        channels.add(Channel.ONSITE, onsite.OnsiteChannel())
        channels.add(Channel.WEBHOOK, webhook.WebhookChannel())
        channels.add(Channel.STAFF, staff.StaffChannel())
        for kind in (*email.KINDS, *sms.KINDS, *push.KINDS, *webhook.KINDS):
            kinds.add(kind.name, kind)
        people.register()
        exports.register()
        sources.add(SOURCE, OptInSource())
        tracking.connect(receive, dispatch_uid="delivery.returns")
