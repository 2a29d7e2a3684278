from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CouponsConfig(AppConfig):
    name = "campaigns.coupons"
    verbose_name = _("Coupons")

    def ready(self) -> None:
        """Say what merges, erasures and exports do with the codes."""
        from campaigns.coupons import exports, people

        exports.register()
        people.register()
