"""A message with a button that takes back what was just done.

    undo.offer(request, _("“%(name)s” is in the archive.") % {…}, reverse("admin:template_act", …))

The button posts to the address that does the opposite, with the rights that it asks for; nothing is kept
for it. A message is shown once, on the next page.
"""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _


def offer(request: HttpRequest, said: str, url: str, fields: Mapping[str, str] | None = None) -> None:
    """Say what was done, and offer to take it back by posting `fields` to `url`."""
    hidden = format_html_join(
        "", '<input type="hidden" name="{}" value="{}">', sorted((fields or {}).items())
    )
    token = get_token(request)
    messages.success(
        request,
        format_html(
            '{} <form class="st-undo" method="post" action="{}"><input type="hidden"'
            ' name="csrfmiddlewaretoken" value="{}">{}<button>{}</button></form>',
            said,
            url,
            token,
            hidden,
            _("Undo"),
        ),
    )
