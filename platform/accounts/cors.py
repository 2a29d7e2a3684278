"""Which foreign pages may read answers: those of publishable keys, and of few addresses."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.origins import is_known


def allow(sender: Any, request: HttpRequest, **kwargs: Any) -> bool:
    """Answer django-cors-headers whether it may add its headers.

    A preflight carries no key, so every origin that some key allows passes here; the key's own list is
    checked with the key.
    """
    origin = request.headers.get("Origin")
    return bool(
        origin
        and re.match(settings.CORS_URLS_REGEX, request.path_info)
        and len(origin) < 300
        and is_known(origin)
    )
