"""Everything that is looked at before a message is sent, in one list."""

import html
import re
from collections.abc import Mapping, Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from delivery.channels.sms.parts import measure

from ..blocks import Block, walk
from ..blocks.kinds import Bundle, Image, Recommendations
from ..brand import weak_contrasts
from ..models import BrandKit
from ..rendering import Content
from ..wording import Compilation, is_imported
from .finding import Finding, Level
from .links import HostExists, check_links, links_of
from .words import check_words

#: Gmail cuts what is longer.
LARGEST_MAIL = 102 * 1024
#: What phones show of a subject, and what of it computers show.
PHONE_SUBJECT, LONG_SUBJECT = 40, 70
_BARE = re.compile(r"\{\{-?\s*customer\.(first_name|last_name)\s*-?\}\}")
_GUARD = re.compile(r"\{%-?\s*(?:if|unless)\s+customer\.(first_name|last_name)")
_IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_WEIGHTLESS = re.compile(r"<(style|head|script)\b.*?</\1\s*>|<!--.*?-->|<[^>]+>", re.IGNORECASE | re.DOTALL)


def look_over(
    compilation: Compilation,
    rendered: Content,
    kit: BrandKit,
    *,
    channel: str = "email",
    products: bool = True,
    exists: HostExists | None = None,
) -> list[Finding]:
    """Return what was looked at, what is wrong first. `rendered` is the message for some person.

    About 2 ms, and at most 2 s for names of hosts that were not asked for lately.
    """
    if channel == "sms":
        found = _sms(rendered.text)
    elif channel == "push":
        found = _push(rendered)
    else:
        found = _mail(compilation, rendered, kit, exists, products=products)
    order = [Level.WRONG, Level.ADVICE, Level.GOOD]
    return sorted(found, key=lambda one: order.index(one.level))


def blocking(findings: Sequence[Finding]) -> list[str]:
    """Return what stands in the way of a launch."""
    return [one.message for one in findings if one.level == Level.WRONG]


def _mail(
    compilation: Compilation,
    rendered: Content,
    kit: BrandKit,
    exists: HostExists | None,
    *,
    products: bool,
) -> list[Finding]:
    made = [compilation.own, *compilation.others.values()]
    links = list(dict.fromkeys(link for one in made for link in links_of(one.html)))
    broken = check_links(links, exists=exists)
    found = [
        *_subject(rendered),
        *_footer(compilation, rendered, kit),
        *_names(compilation.blocks, made[0].subject),
    ]
    found += broken or [Finding("link", Level.GOOD, _("No broken links"))]
    found += _pictures(compilation, rendered) + _size(rendered)
    found += check_words(rendered.subject, rendered.text)
    if not is_imported(compilation.blocks):
        weak = weak_contrasts(kit)
        found += [Finding("contrast", Level.ADVICE, sentence) for sentence in weak]
    if not products and compilation.wants.products:
        found.append(
            Finding(
                "products", Level.ADVICE, _("Nothing is recommended to this person: see “If nothing fits”.")
            )
        )
    return found


def _subject(rendered: Content) -> list[Finding]:
    if not rendered.subject:
        return [Finding("subject", Level.WRONG, _("Write a subject."))]
    length = len(rendered.subject)
    if length > PHONE_SUBJECT:
        return [
            Finding(
                "subject",
                Level.ADVICE,
                _("The subject is %(length)d characters; phones show %(most)d.")
                % {"length": length, "most": PHONE_SUBJECT},
            )
        ]
    found = [Finding("subject", Level.GOOD, _("The subject fits on a phone"))]
    if not rendered.preheader:
        found.append(
            Finding(
                "preheader", Level.ADVICE, _("Write a preheader: it stands after the subject in the inbox.")
            )
        )
    return found


def _footer(compilation: Compilation, rendered: Content, kit: BrandKit) -> list[Finding]:
    found = []
    address = kit.address or settings.SHOP_POSTAL_ADDRESS
    made = [compilation.own, *compilation.others.values()]
    leaves = all(re.search(r"\bunsubscribe_url\b|\bpreferences_url\b", one.html) for one in made)
    found.append(
        Finding("unsubscribe", Level.GOOD, _("Unsubscribe link"))
        if leaves
        else Finding(
            "unsubscribe",
            Level.WRONG,
            _("There is no link to unsubscribe. Put {{ unsubscribe_url }} into a link of the HTML."),
        )
    )
    if not address:
        found.append(
            Finding("address", Level.WRONG, _("The postal address is missing. Write it into the brand."))
        )
    elif not all(
        "shop.address" in one.html or html.escape(address) in one.html or address in one.html for one in made
    ):
        found.append(
            Finding(
                "address",
                Level.WRONG,
                _("The postal address is missing. Put {{ shop.address }} or your address into the HTML."),
            )
        )
    else:
        found.append(Finding("address", Level.GOOD, _("Postal address")))
    return found


def _names(blocks: Sequence[Block], subject: str) -> list[Finding]:
    """Say where a name is written that a person may not have told us."""
    found = []
    texts = [("", subject)] + [
        (block.id, str(getattr(block, name)))
        for block in walk(blocks)
        for name in ("text", "title", "label", "html")
        if isinstance(getattr(block, name, None), str)
    ]
    for block, text in texts:
        guarded = {match[1] for match in _GUARD.finditer(text)}
        bare = {match[1] for match in _BARE.finditer(text)} - guarded
        found += [
            Finding(
                "fallback",
                Level.ADVICE,
                _('%(name)s has no fallback: write {{ customer.%(name)s | default: "…" }}.') % {"name": name},
                block,
            )
            for name in sorted(bare)
        ]
    return found or [Finding("fallback", Level.GOOD, _("Names have a fallback"))]


def _pictures(compilation: Compilation, rendered: Content) -> list[Finding]:
    found = [
        Finding("alt", Level.ADVICE, _("This picture has no description."), block.id)
        for block in walk(compilation.blocks)
        if isinstance(block, Image) and not block.alt.strip()
    ]
    pictures = _IMG.findall(rendered.html)
    if is_imported(compilation.blocks):
        bare = sum(not (m := _ALT.search(tag)) or not (m[1] or m[2] or "").strip() for tag in pictures)
        if bare:
            found.append(
                Finding("alt", Level.ADVICE, _("%(count)d pictures have no description.") % {"count": bare})
            )
    if pictures and not found:
        found.append(Finding("alt", Level.GOOD, _("All pictures have a description")))
    words = len(" ".join(_WEIGHTLESS.sub(" ", rendered.html).split()))
    shown = [b for b in walk(compilation.blocks) if not isinstance(b, Image | Recommendations | Bundle)]
    says = any(
        getattr(b, "text", "") or getattr(b, "label", "") for b in shown if b.kind not in ("footer", "header")
    )
    if pictures and (words < 200 or not (says or is_imported(compilation.blocks))):
        found.append(
            Finding(
                "images_only",
                Level.ADVICE,
                _("There is hardly any text beside the pictures: filters take such mails for spam."),
            )
        )
    return found


def _size(rendered: Content) -> list[Finding]:
    size = len(rendered.html.encode())
    if size > LARGEST_MAIL:
        return [
            Finding(
                "size",
                Level.WRONG,
                _("The mail has %(size)d KB; Gmail cuts it off after 102 KB. Make it shorter.")
                % {"size": -(-size // 1024)},
            )
        ]
    return [Finding("size", Level.GOOD, _("%(size)d KB of 102 KB") % {"size": -(-size // 1024)})]


def _sms(text: str) -> list[Finding]:
    if not text.strip():
        return [Finding("text", Level.WRONG, _("Write a text."))]
    length = measure(text)
    values: Mapping[str, object] = {"parts": length.parts, "encoding": length.encoding}
    if length.parts > 10:
        return [Finding("parts", Level.WRONG, _("The text is longer than 10 messages: shorten it."))]
    level = Level.ADVICE if length.parts > 2 else Level.GOOD
    found = [Finding("parts", level, _("Sent and billed as %(parts)d messages (%(encoding)s).") % values)]
    if (
        length.encoding == "UCS-2"
        and sum(ord(c) > 0x2000 and ord(c) < 0x2E00 for c in text)
        and text.isascii() is False
    ):
        odd = [c for c in dict.fromkeys(text) if 0x2000 < ord(c) < 0x2E00]
        rest = "".join(c for c in text if c not in odd)
        if measure(rest).encoding == "GSM-7":
            found.append(
                Finding(
                    "encoding",
                    Level.ADVICE,
                    _("%(signs)s makes the text more than twice as dear: use plain signs instead.")
                    % {"signs": " ".join(odd)},
                )
            )
    return found + check_words("", text)


def _push(rendered: Content) -> list[Finding]:
    found = []
    for code, value, most, sentence in (
        ("title", rendered.subject, 50, _("The title is %(length)d characters; phones show about %(most)d.")),
        ("text", rendered.text, 150, _("The text is %(length)d characters; phones show about %(most)d.")),
    ):
        if not value.strip():
            found.append(Finding(code, Level.WRONG, _("Write a text.")))
        elif len(value) > most:
            found.append(Finding(code, Level.ADVICE, sentence % {"length": len(value), "most": most}))
    return found or [Finding("length", Level.GOOD, _("Title and text fit on a phone"))]
