from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PromotionsConfig(AppConfig):
    name = "campaigns.promotions"
    verbose_name = _("Promotions")

    def ready(self) -> None:
        """Say what merges, erasures and exports do with what people used."""
        from campaigns.promotions import people

        people.register()
