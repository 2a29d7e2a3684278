"""A version rendered for one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import liquid
from .blocks import parse_blocks
from .filters import money, safe_url
from .models import TemplateVersion
from .text import first_image, first_url, short_text
from .wording import Made, Wants, choose_locale, wants_of

#: What a context need not have: it is then not shown.
_NOTHING: Mapping[str, Any] = {"view_url": "", "bundles": {}}


@dataclass(frozen=True, slots=True)
class Content:
    """A mail for one person."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Short:
    """What a channel without mail says to one person: a title, some words, where they lead, a picture."""

    title: str
    text: str
    url: str
    image: str


def render(version: TemplateVersion, context: Mapping[str, Any], *, subject: str | None = None) -> Content:
    """Render a version for one person in his or her language; `subject` replaces the version's own.

    About 0.6 ms with five products. `context` follows campaigns.content.variables.KNOWN. Values are
    escaped in HTML and are never read as templates themselves.
    """
    return render_made(made_for(version, context), context, subject=subject)


def render_made(made: Made, context: Mapping[str, Any], *, subject: str | None = None) -> Content:
    """Render what was compiled of one language."""
    values = _values(context)
    return Content(
        _line(liquid.render(made.subject if subject is None else subject, values, html=False, is_plain=True)),
        _line(liquid.render(made.preheader, values, html=False, is_plain=True)),
        liquid.render(made.html, values, html=True, is_plain=True),
        liquid.render(made.text, values, html=False, is_plain=True),
    )


def _values(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context as plain values, each product with what a mail writes of it more than once."""
    values: dict[str, Any] = liquid.plain({**_NOTHING, **context})
    lists = [values.get("products"), *(one.get("products") for one in values["bundles"].values())]
    for products in lists:
        for product in products or ():
            if isinstance(product, dict):
                product |= _written(product)
    return values


def _written(product: Mapping[str, Any]) -> dict[str, str]:
    url, price = str(product.get("url") or ""), str(product.get("price") or "")
    return {
        "link": safe_url(url) if url else "",
        "picture": safe_url(picture) if (picture := str(product.get("image_url") or "")) else "",
        "initial": str(product.get("name") or "")[:1].upper(),
        "cost": money(price, product.get("currency", "")) if price else "",
    }


def made_for(version: TemplateVersion, context: Mapping[str, Any]) -> Made:
    """Return a version's parts in the language that fits the person, else in its own."""
    if version.compiled:
        wanted = str((context.get("customer") or {}).get("locale") or "")
        locale = choose_locale(wanted, [version.locale, *version.compiled])
        if locale in version.compiled:
            return Made(**version.compiled[locale])
    return Made(version.subject, version.preheader, version.html, version.text)


def render_short(
    version: TemplateVersion, context: Mapping[str, Any], *, subject: str | None = None
) -> Short:
    """Render a version's words alone for one person: the subject is the title. About 0.5 ms."""
    made = made_for(version, context)
    blocks = parse_blocks(version.blocks)
    values = _values(context)
    written = made.text if not made.html else short_text(blocks)
    text, url, image = (
        liquid.render(part, values, html=False, is_plain=True)
        for part in (written, first_url(blocks), first_image(blocks))
    )
    title = liquid.render(made.subject if subject is None else subject, values, html=False, is_plain=True)
    return Short(_line(title), text.strip(), url.strip(), image.strip())


def needs(version: TemplateVersion) -> Wants:
    """Return what a version shows of products, coupon, segments and bundles."""
    if version.wants:
        return Wants(**{**version.wants, "segments": tuple(version.wants["segments"])})
    made = Made(version.subject, version.preheader, version.html, version.text)
    return wants_of(parse_blocks(version.blocks), [made])


def _line(text: str) -> str:
    """Return a header's text: one line, no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
