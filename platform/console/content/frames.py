"""Rendered messages for frames: nothing in them runs, and nothing is loaded from elsewhere."""

import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse

KEPT_SECONDS = 900
POLICY = (
    "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
_DARK_QUERY = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
_MARKED = (
    "<style>.rp-mark:target + div, .rp-mark:target + table { "
    "outline: 2px solid #0ea5e9; outline-offset: -2px; }"
    ".rp-mark { scroll-margin-top: 60px; }</style>"
)


def keep(html: str, *, dark: bool, user: Any) -> str:
    """Keep a rendered message for a frame of this person, and return the key."""
    key = secrets.token_urlsafe(16)
    cache.set(f"content:frame:{user.pk}:{key}", themed(html, dark=dark) + _MARKED, KEPT_SECONDS)
    return key


def kept(key: str, *, user: Any) -> str | None:
    """Return what was kept, None when it is gone: the page then asks for a new one."""
    found = cache.get(f"content:frame:{user.pk}:{key[:64]}")
    return found if isinstance(found, str) else None


def themed(html: str, *, dark: bool) -> str:
    """Return a mail as a client in that theme shows it, whatever the browser's own theme is.

    Pictures of ours are asked for here, not at the public address, which the page must not call.
    """
    html = _DARK_QUERY.sub("@media all" if dark else "@media not all", html)
    own = str(settings.PUBLIC_URL).rstrip("/")
    return html.replace(f'src="{own}/p/', f'src="{urlsplit(own).path}/p/')


def answer(html: str) -> HttpResponse:
    """Return the message for the frame, the only answers of ours that may be framed."""
    return HttpResponse(
        html,
        headers={
            "Content-Security-Policy": POLICY,
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, max-age=600",
        },
    )
