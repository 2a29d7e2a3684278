"""Public pages. They know nobody: no session, no cookie, nothing about the person is shown."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core import clock
from delivery.identity import InvalidToken
from delivery.unsubscribe import find_message, unsubscribe_recipient

# Read by the recipient's browser from a link in a mail: no script, no foreign request, no frame.
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


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
        return _page(request, "ask")
    unsubscribe_recipient(message, now=clock.now())
    return _page(request, "done")


def _page(request: HttpRequest, stage: str, status: int = 200) -> HttpResponse:
    context = {"stage": stage, "shop": settings.SHOP_NAME}
    page = render_to_string("public/unsubscribe.html", context, request)
    return HttpResponse(page, status=status, headers=_SECURITY)
