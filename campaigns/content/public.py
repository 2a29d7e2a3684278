"""Pictures for everybody who has a mail that shows them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from .models import Picture


@require_safe
def picture(request: HttpRequest, digest: str, kind: str) -> HttpResponse:
    """Return a picture by its content's digest; it never changes, so it is kept for ever."""
    found = Picture.objects.filter(digest=digest, content_type=f"image/{kind}").first()
    if found is None:
        raise Http404
    return HttpResponse(
        bytes(found.content),
        content_type=found.content_type,
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )
