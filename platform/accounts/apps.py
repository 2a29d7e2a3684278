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
        """Bring roles up to date after each migration; let the websites of keys call across origins."""
        from corsheaders.signals import check_request_enabled
        from django.apps import apps

        from accounts import cors
        from accounts.roles import sync_roles

        post_migrate.connect(sync_roles, sender=apps.get_app_config(_LAST_APP), dispatch_uid="roles")
        check_request_enabled.connect(cors.allow, dispatch_uid="publishable keys")
