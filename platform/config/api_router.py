"""The REST interface: the `api` module of each of our apps, the OpenAPI document and its pages."""

from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.urls.resolvers import URLPattern, URLResolver
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.embedded.places import ROOT
from core.problem_types import problem_types
from core.problems import problem_response


def _app_patterns() -> list[URLPattern | URLResolver]:
    """Return the addresses of our apps that have an `api` module, in the order of INSTALLED_APPS."""
    found: list[URLPattern | URLResolver] = []
    for app in apps.get_app_configs():
        ours = app.module and Path(app.path).is_relative_to(ROOT) and ".venv" not in app.path
        if ours and module_has_submodule(app.module, "api"):
            found += import_module(f"{app.name}.api").urlpatterns
    return found


@csrf_exempt
def not_found(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """Answer an address that the REST interface does not have."""
    return problem_response(
        request, 404, "not-found", _("There is nothing here"), _("The calls are listed at /api/docs.")
    )


urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(_app_patterns())),
    re_path(
        r"^schema/?$",
        SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[], throttle_classes=[]),
        name="api-schema",
    ),
    re_path(
        r"^docs/?$",
        SpectacularSwaggerSplitView.as_view(
            url_name="api-schema", authentication_classes=[], permission_classes=[], throttle_classes=[]
        ),
        name="api-docs",
    ),
    re_path(r"^problems/?$", problem_types, name="api-problems"),
    re_path(r"^", not_found),
]
