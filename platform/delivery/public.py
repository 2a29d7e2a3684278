"""What the public pages share: they know nobody, load nothing from elsewhere and run no script."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

# Read by the recipient's browser from a link in a mail: no script, no foreign request, no frame.
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def page(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Return a public page in the shop's name."""
    body = render_to_string(template, {"shop": settings.SHOP_NAME, **context}, request)
    return HttpResponse(body, status=status, headers=_SECURITY)
