"""The blocks a mail is built of: JSON that is read strictly, language version 1.

A mail is a list of objects: `{"kind": "header", "title"}`, `{"kind": "heading", "text"}`,
`{"kind": "text", "text"}` (an empty line starts a paragraph), `{"kind": "button", "label", "url"}`,
`{"kind": "image", "url", "alt", "link"?}`, `{"kind": "recommendations", "title", "count"}`,
`{"kind": "coupon", "label"}`, `{"kind": "divider"}`, `{"kind": "footer", "text"?}`.
Texts may hold Liquid.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from .filters import is_safe_url
from .liquid import TemplateInvalid

LONGEST_TEXT = 20_000
MOST_BLOCKS = 100
MOST_PRODUCTS = 12
LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ONE_OUTPUT = re.compile(r"\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a mail, checked."""

    kind: str
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> str:
        """Return a member's text, empty where it was left out."""
        return str(self.values.get(name, ""))

    @property
    def count(self) -> int:
        """Return how many products a recommendations block shows."""
        return int(self.values["count"])


@dataclass(frozen=True, slots=True)
class Shape:
    """What members a kind of block has: `maybe` may be left out, `urls` are those that hold addresses."""

    texts: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()


KINDS: dict[str, Shape] = {
    "header": Shape(texts=("title",)),
    "heading": Shape(texts=("text",)),
    "text": Shape(texts=("text",)),
    "button": Shape(texts=("label", "url"), urls=("url",)),
    "image": Shape(texts=("url", "alt"), maybe=("link",), urls=("url", "link")),
    "recommendations": Shape(texts=("title",), counts=("count",)),
    "coupon": Shape(texts=("label",)),
    "divider": Shape(),
    "footer": Shape(maybe=("text",)),
}


def parse_blocks(value: Any) -> list[Block]:
    """Read a mail's blocks. Raises TemplateInvalid with the place, as `blocks.2.url`."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_BLOCKS:
        raise TemplateInvalid(
            _("blocks: Write a list of 1 to %(most)d blocks.") % {"most": MOST_BLOCKS},
        )
    return [_block(block, f"blocks.{place}") for place, block in enumerate(value)]


def _block(value: Any, path: str) -> Block:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise TemplateInvalid(
            _("%(path)s.kind: There are: %(kinds)s.") % {"path": path, "kinds": ", ".join(KINDS)}
        )
    shape, members = KINDS[kind], {name: member for name, member in value.items() if name != "kind"}
    for name in (*shape.texts, *shape.counts):
        if name not in members:
            raise TemplateInvalid(_("%(path)s: This is missing.") % {"path": f"{path}.{name}"})
    for name, member in members.items():
        place = f"{path}.{str(name)[:40]}"
        if name in shape.counts:
            if isinstance(member, bool) or not isinstance(member, int) or not 1 <= member <= MOST_PRODUCTS:
                raise TemplateInvalid(
                    _("%(path)s: Write a number from 1 to %(most)d.") % {"path": place, "most": MOST_PRODUCTS}
                )
        elif name not in (*shape.texts, *shape.maybe):
            raise TemplateInvalid(_("%(path)s: This is not known here.") % {"path": place})
        elif not isinstance(member, str) or len(member) > LONGEST_TEXT or "\0" in member:
            raise TemplateInvalid(_("%(path)s: Write a text.") % {"path": place})
        elif name in shape.urls and member:
            members[name] = _url(member, place)
    return Block(kind, members)


def _url(url: str, path: str) -> str:
    """Return a checked address; one that comes from data as a whole is checked again when rendered."""
    url = url.strip()
    if whole := _ONE_OUTPUT.fullmatch(url):
        return f"{{{{{whole[1]}| safe_url }}}}"
    literal = LIQUID.sub("", url)
    first = LIQUID.search(url)
    # Scheme and host must be written out: data may only fill what comes behind.
    behind_host = first is None or re.match(r"https?://[^/?#]+[/?#]", url[: first.start()])
    if not is_safe_url(literal) or not behind_host or "{%" in url:
        raise TemplateInvalid(
            _("%(path)s: Write an address that begins with https:// (or mailto:, tel:).") % {"path": path}
        )
    return url
