from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TuningConfig(AppConfig):
    name = "campaigns.tuning"
    verbose_name = _("Tuning")

    def ready(self) -> None:
        """Register what campaigns let decisions change; the kinds need the models, so imported here."""
        from campaigns.tuning.coupon_values import COUPON_VALUES
        from campaigns.tuning.send_hours import SEND_HOURS
        from campaigns.tuning.targeting import TARGETING
        from recommendations.services.tuning import register

        for kind in (SEND_HOURS, COUPON_VALUES, TARGETING):
            register(kind)
