"""The brand kit: read it, change it, and dress the templates anew."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User

from .colours import LARGE_CONTRAST, TEXT_CONTRAST, contrast
from .liquid import TemplateInvalid
from .mail.look import Look
from .models import BrandKit, Picture

#: The first bytes by which a picture is known, whatever its name says.
_SIGNS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
FIELDS = (
    "logo", "logo_width", "accent", "ink", "paper", "ground", "font", "heading_font", "radius", "footer",
    "address", "social",
)  # fmt: skip


class ChangedMeanwhileError(ValueError):
    """Somebody else changed it since it was read."""


def brand_kit() -> BrandKit:
    """Return the brand kit; the defaults until somebody saves one. One query."""
    return BrandKit.objects.select_related("logo").defer("logo__content").filter(pk=1).first() or BrandKit(
        pk=1
    )


def look_of(kit: BrandKit, locale: str = "en") -> Look:
    """Return a kit's looks for a language."""
    return Look(
        accent=kit.accent.lower(),
        ink=kit.ink.lower(),
        paper=kit.paper.lower(),
        ground=kit.ground.lower(),
        font=kit.font,
        heading_font=kit.heading_font,
        radius=kit.radius,
        logo_url=picture_url(kit.logo) if kit.logo else "",
        logo_width=kit.logo_width,
        footer=kit.footer,
        social=tuple((link["network"], link["url"]) for link in kit.social),
        locale=locale,
    )


def in_locale(look: Look, locale: str) -> Look:
    """Return the same looks for another language."""
    return replace(look, locale=locale)


@transaction.atomic
def save_brand(kit: BrandKit, *, revision: int, now: datetime, user: User | None) -> BrandKit:
    """Store a checked kit. Raises ChangedMeanwhileError when it is not the revision that was edited."""
    BrandKit.objects.get_or_create(pk=1)
    before = _values(brand_kit())
    values: dict[str, Any] = {name: getattr(kit, name) for name in FIELDS}
    values |= {"revision": F("revision") + 1, "changed_at": now}
    if not BrandKit.objects.filter(pk=1, revision=revision).update(**values):
        raise ChangedMeanwhileError(_("Somebody changed the brand meanwhile. Reload the page to see it."))
    saved = brand_kit()
    audit.record(action="change_brand", target=saved, now=now, user=user, before=before, after=_values(saved))
    return saved


def _values(kit: BrandKit) -> dict[str, Any]:
    return {name: getattr(kit, name) for name in FIELDS if name != "logo"} | {"logo": kit.logo_id}


def weak_contrasts(kit: BrandKit) -> list[str]:
    """Say which of a kit's colours cannot be read on each other."""
    pairs = [
        (_("The text on the paper"), kit.ink, kit.paper, TEXT_CONTRAST),
        (_("The text around the paper"), kit.ink, kit.ground, TEXT_CONTRAST),
        (_("The button on the paper"), kit.accent, kit.paper, LARGE_CONTRAST),
    ]
    return [
        _("%(what)s has a contrast of %(found).1f to 1; people need %(least)s to 1.")
        % {"what": what, "found": found, "least": f"{least:g}"}
        for what, one, other, least in pairs
        if (found := contrast(one, other)) < least
    ]


def store_picture(content: bytes, *, name: str, now: datetime, user: User | None) -> Picture:
    """Keep a picture; the same one is kept once. Raises TemplateInvalid for what no mail shows."""
    if len(content) > Picture.MOST_BYTES:
        raise TemplateInvalid(_("The picture is larger than 1 MB. Mails need small ones: save it smaller."))
    kind = next((kind for sign, kind in _SIGNS.items() if content.startswith(sign)), "")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        raise TemplateInvalid(_("Outlook shows no WebP. Save the picture as JPEG or PNG."))
    if not kind:
        raise TemplateInvalid(_("This is no picture that mail programs show. Use PNG, JPEG or GIF."))
    digest = hashlib.sha256(content).hexdigest()
    picture, made = Picture.objects.get_or_create(
        digest=digest,
        defaults={"content_type": kind, "content": content, "name": name[:200], "created_at": now},
    )
    if made:
        audit.record(action="add_picture", target=picture, now=now, user=user, after={"type": kind})
    return picture


def picture_url(picture: Picture) -> str:
    """Return the public address of a picture."""
    path = reverse("content:picture", args=[picture.digest, picture.content_type.partition("/")[2]])
    return f"{str(settings.PUBLIC_URL).rstrip('/')}{path}"


def shop_values(kit: BrandKit) -> Mapping[str, str]:
    """Return what templates call `shop`."""
    return {
        "name": settings.SHOP_NAME,
        "address": kit.address or settings.SHOP_POSTAL_ADDRESS,
        "url": settings.PUBLIC_URL,
    }
