"""Which admin site Django serves: the console's."""

import sys

from django.contrib.admin.apps import AdminConfig

from config.workers import is_worker


class ConsoleAdminConfig(AdminConfig):
    """Django's admin with the console's site. Workers serve no pages and do without."""

    default_site = "console.site.ConsoleSite"

    def ready(self) -> None:
        """Find the admin's pages, but not in a worker: they hold charts, forms and statistics."""
        if not is_worker(sys.argv):
            super().ready()
