"""All addresses of the product."""

from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("config.api_router")),
    path("admin/", admin.site.urls),
    path("", include("delivery.urls")),
]

handler500 = "config.outage.server_error"
