"""Public addresses of messages."""

from django.urls import re_path

from delivery.views import unsubscribe

app_name = "delivery"
urlpatterns = [re_path(r"^u/(?P<token>[A-Za-z0-9_.=-]{1,200})/?$", unsubscribe, name="unsubscribe")]
