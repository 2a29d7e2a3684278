"""Which admin site Django serves: the console's."""

from django.contrib.admin.apps import AdminConfig


class ConsoleAdminConfig(AdminConfig):
    """Django's admin with the console's site."""

    default_site = "console.site.ConsoleSite"
