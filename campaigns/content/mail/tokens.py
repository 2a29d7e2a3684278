"""Liquid taken out of a text while it goes through the mail compiler, and put back after it."""

import html
import re
import secrets

from ..blocks import LIQUID
from ..blocks.fields import LINK, address

_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", re.DOTALL)
_ITALIC = re.compile(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])")


class Tokens:
    """Liquid tags and what they are hidden as."""

    def __init__(self) -> None:
        # Random, so that no text can hold a token by design.
        self._nonce = secrets.token_hex(6)
        self._tags: list[str] = []

    def hide(self, text: str) -> str:
        """Escape a text for XML with its Liquid tags hidden."""
        return html.escape(LIQUID.sub(lambda match: self.tag(match[0]), text))

    def rich(self, text: str) -> str:
        """Escape a text with its markup turned into HTML: bold, italic, links, line breaks."""

        def link(match: re.Match[str]) -> str:
            leads = self.hide(address(match[2], ""))
            return self.tag(f'<a class="rp-link" href="{leads}">{self.hide(match[1])}</a>')

        made = self.hide(LINK.sub(link, text))
        made = _ITALIC.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", made))
        return made.replace("\n", "<br />")

    def tag(self, tag: str) -> str:
        """Hide a tag of our own."""
        self._tags.append(tag)
        return f"rp{self._nonce}x{len(self._tags) - 1}x"

    def show(self, text: str) -> str:
        """Put all tags back, the last hidden first: it may hold others."""
        for number in range(len(self._tags) - 1, -1, -1):
            text = text.replace(f"rp{self._nonce}x{number}x", self._tags[number])
        return text


def without_markup(text: str) -> str:
    """Return a text with its markup as one writes it in plain text."""
    text = LINK.sub(lambda match: f"{match[1]} ({address(match[2], '')})", text)
    return _ITALIC.sub(r"\1", _BOLD.sub(r"\1", text))
