from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PromotionsConfig(AppConfig):
    name = "campaigns.promotions"
    verbose_name = _("Promotions")

    def ready(self) -> None:
        """Say what becomes of what people used, and tell profiles which days were sales."""
        from campaigns.promotions import people
        from campaigns.promotions.calendar import sales
        from profiles import calendar

        people.register()
        calendar.sales.add("promotions", sales)
