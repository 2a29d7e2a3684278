from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProfilesConfig(AppConfig):
    name = "profiles"
    verbose_name = _("Profiles")

    def ready(self) -> None:
        """Offer profiling and clustering as jobs."""
        from accounts.jobs import kinds
        from profiles.jobs import CLUSTER, PROFILE

        kinds.add("profile", PROFILE)
        kinds.add("cluster", CLUSTER)
