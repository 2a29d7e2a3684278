"""The way out that marketing mail must show, for contents that a partner wrote as a whole."""

import html
import re
from dataclasses import replace

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from delivery.identity import preferences_url
from delivery.sources import Rendered

#: Where a partner's content wants the links to stand.
_PLACES = re.compile(r"\{\{\s*(unsubscribe_url|preferences_url)\s*\}\}")
_END = re.compile(r"</body\s*>(?!.*</body\s*>)", re.IGNORECASE | re.DOTALL)
_STYLE = "margin:24px 0 0;color:#475569;font:13px/1.5 sans-serif"


def with_way_out(content: Rendered, *, unsubscribe_url: str, language: str) -> Rendered:
    """Return a mail whose parts each show the unsubscribe link and the shop's address.

    `{{ unsubscribe_url }}` and `{{ preferences_url }}` are filled in. A part that has no unsubscribe link
    then gets a footer in the recipient's language; an empty part stays empty.
    """
    links = {"unsubscribe_url": unsubscribe_url, "preferences_url": preferences_url(unsubscribe_url)}
    page = _PLACES.sub(lambda match: html.escape(links[match[1]]), content.html)
    text = _PLACES.sub(lambda match: links[match[1]], content.text)
    with translation.override(language):
        if page and f'"{html.escape(unsubscribe_url)}"' not in page:
            page = _before_end(page, _html_footer(links))
        if text and unsubscribe_url not in text.split():
            text = f"{text.rstrip()}\n\n-- \n{_text_footer(links)}"
    return replace(content, html=page, text=text)


def _why() -> str:
    return _("You get this mail because you agreed to hear from %(shop)s.") % {"shop": settings.SHOP_NAME}


def _html_footer(links: dict[str, str]) -> str:
    labels = {"unsubscribe_url": _("Unsubscribe"), "preferences_url": _("Choose what you get")}
    anchors = " · ".join(
        f'<a href="{html.escape(links[name])}">{html.escape(label)}</a>' for name, label in labels.items()
    )
    lines = [html.escape(_why()), anchors, html.escape(settings.SHOP_POSTAL_ADDRESS)]
    return f'<p style="{_STYLE}">{"<br>".join(filter(None, lines))}</p>'


def _text_footer(links: dict[str, str]) -> str:
    lines = [
        _why(),
        f"{_('Unsubscribe')}: {links['unsubscribe_url']}",
        f"{_('Choose what you get')}: {links['preferences_url']}",
        settings.SHOP_POSTAL_ADDRESS,
    ]
    return "\n".join(filter(None, lines)) + "\n"


def _before_end(page: str, footer: str) -> str:
    end = _END.search(page)
    return f"{page[: end.start()]}{footer}{page[end.start() :]}" if end else page + footer
