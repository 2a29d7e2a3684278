"""Public pages. They know nobody: no session, no cookie, nothing about the person is shown."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core import clock
from delivery.public import page
from delivery.tokens import InvalidToken
from delivery.unsubscribe import find_message, unsubscribe_recipient


@never_cache
@csrf_exempt  # RFC 8058: the recipient's provider posts without a cookie; the signed token is the right
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks (mail scanners follow links, so it changes nothing); POST unsubscribes."""
    try:
        message = find_message(token)
    except InvalidToken:
        return _page(request, "invalid", status=404)
    if request.method != "POST":
        return _page(request, "ask", token)
    unsubscribe_recipient(message, now=clock.now())
    return _page(request, "done", token)


def _page(request: HttpRequest, stage: str, token: str = "", status: int = 200) -> HttpResponse:
    preferences = reverse("delivery:preferences", kwargs={"token": token}) if token else ""
    return page(request, "public/unsubscribe.html", status=status, stage=stage, preferences=preferences)
