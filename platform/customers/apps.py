from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = _("Audience")

    def ready(self) -> None:
        """Say what merges, erasures and exports do with this app's tables."""
        from customers import people

        people.register()
