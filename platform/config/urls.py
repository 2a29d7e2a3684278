"""All addresses of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver
from django.views.generic import RedirectView

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("config.api_router")),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("calendar/", include("console.engage.calendar.urls")),
    path("demo-shop/", include("console.demo_shop.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("integrations.segment_calls.api")),
    path("", include("delivery.urls")),
    path("", include("campaigns.urls")),
]
# Providers' webhooks: /anymail/<provider>/tracking/. Without the shared secret anybody could post there.
if getattr(settings, "ANYMAIL", {}).get("WEBHOOK_SECRET"):
    urlpatterns.append(path("anymail/", include("anymail.urls")))

handler500 = "config.outage.server_error"
