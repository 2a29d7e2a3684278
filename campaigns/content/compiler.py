"""Blocks → MJML → HTML, once per version; what differs by person stays Liquid.

Every Liquid tag is swapped for a token before the MJML is written and put back after `mrml` has made
HTML of it, so neither the escaping nor the mail compiler ever sees it.
"""

import html
import re
import secrets
from dataclasses import dataclass

import mrml

from .blocks import LIQUID, Block
from .liquid import TemplateInvalid
from .mjml import document
from .text import plain_text


class Tokens:
    """Liquid tags taken out of texts, and put back."""

    def __init__(self) -> None:
        # Random, so that no text can hold a token by design.
        self._nonce = secrets.token_hex(6)
        self._tags: list[str] = []

    def hide(self, text: str) -> str:
        """Escape a text for XML with its Liquid tags hidden."""
        return html.escape(LIQUID.sub(self._hide, text))

    def tag(self, tag: str) -> str:
        """Hide a tag of our own."""
        self._tags.append(tag)
        return f"rp{self._nonce}x{len(self._tags) - 1}x"

    def show(self, text: str) -> str:
        """Put all tags back."""
        for number, tag in enumerate(self._tags):
            text = text.replace(f"rp{self._nonce}x{number}x", tag)
        return text

    def _hide(self, match: re.Match[str]) -> str:
        return self.tag(match[0])


@dataclass(frozen=True, slots=True)
class Compiled:
    """A mail's two parts as Liquid templates."""

    html: str
    text: str


def compile_blocks(blocks: list[Block], *, preheader: str) -> Compiled:
    """Return the HTML and text part. About 2 ms.

    A footer with the unsubscribe link and the postal address is added where there is none: no
    marketing mail goes without.
    """
    if not any(block.kind == "footer" for block in blocks):
        blocks = [*blocks, Block("footer", {})]
    tokens = Tokens()
    source = document(blocks, preheader, tokens)
    try:
        output = mrml.to_html(source, None, mrml.RenderOptions(fonts={}))
    except OSError as error:
        raise TemplateInvalid(str(error)) from error
    return Compiled(tokens.show(output.content), plain_text(blocks))
