"""Public addresses of messages."""

from django.urls import path, re_path

from delivery.providers.hooks import provider_hook
from delivery.views import unsubscribe

app_name = "delivery"
urlpatterns = [
    re_path(r"^u/(?P<token>[A-Za-z0-9_.=-]{1,200})/?$", unsubscribe, name="unsubscribe"),
    path("hooks/providers/<uuid:pk>/<str:token>", provider_hook, name="provider_hook"),
]
