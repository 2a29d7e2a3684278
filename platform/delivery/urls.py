"""Public addresses of messages."""

from django.urls import re_path

from delivery.views import unsubscribe

app_name = "delivery"
urlpatterns = [re_path(r"^u/(?P<token>[\w:.=-]{1,300})/?$", unsubscribe, name="unsubscribe")]
