"""The web server's entry point."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
application = get_wsgi_application()
# Django reads the addresses, and with them every view, at the first request. In a worker that is made anew
# under load that would be several threads at once, half of them in modules that the others are importing.
# Read before the workers are made, they also share the memory.
_ = get_resolver().url_patterns
