"""The runtime itself as a Django app: commands, tasks, checks and the beat schedule."""

from django.apps import AppConfig
from django.core import checks as registry
from django.utils.translation import gettext_lazy as _

from config import (
    celery,  # noqa: F401  shared_task finds the app that is loaded with Django
    checks,
)


class RuntimeConfig(AppConfig):
    """Register the system checks."""

    name = "config"
    label = "config"
    verbose_name = _("Runtime")

    def ready(self) -> None:
        """Register the checks of the settings."""
        for check in checks.ALWAYS:
            registry.register(check)
        for check in checks.ON_DEPLOY:
            registry.register(check, deploy=True)
        for check in checks.OF_DATABASES:
            registry.register(check, registry.Tags.database)
