from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

# Permissions appear app by app after a migration; the last turn sees all of them. Apps without models,
# as the console, get no turn.
_LAST_APP = "campaigns"


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Team & settings")

    def ready(self) -> None:
        """Bring the roles' permissions up to date after each migration."""
        from django.apps import apps

        from accounts.roles import sync_roles

        post_migrate.connect(sync_roles, sender=apps.get_app_config(_LAST_APP), dispatch_uid="roles")
