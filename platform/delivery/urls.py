"""Public addresses of messages."""

from django.urls import path, re_path

from delivery.preferences.views import confirm, preferences
from delivery.providers.hooks import provider_hook
from delivery.tracking.views import clicked, clicked_short, opened
from delivery.views import unsubscribe

app_name = "delivery"
_SIGNED = r"(?P<token>[A-Za-z0-9_.=-]{1,200})"
urlpatterns = [
    path("hooks/providers/<uuid:pk>/<str:token>", provider_hook, name="provider_hook"),
    re_path(rf"^u/{_SIGNED}/preferences/?$", preferences, name="preferences"),
    re_path(rf"^u/confirm/{_SIGNED}/?$", confirm, name="confirm"),
    re_path(rf"^u/{_SIGNED}/?$", unsubscribe, name="unsubscribe"),
    re_path(rf"^t/o/{_SIGNED}$", opened, name="opened"),
    re_path(rf"^t/c/{_SIGNED}$", clicked, name="clicked"),
    re_path(rf"^t/s/{_SIGNED}$", clicked_short, name="clicked_short"),
]
