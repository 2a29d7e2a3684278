from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CouponsConfig(AppConfig):
    name = "campaigns.coupons"
    verbose_name = _("Coupons")

    def ready(self) -> None:
        """Offer coupons as a list to take out."""
        from campaigns.coupons.exports import register

        register()
