"""The plain-text part of a mail: the same blocks for people and programs that read no HTML."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser

from .blocks import Block
from .blocks.kinds import (
    Bundle,
    Button,
    Columns,
    Conditional,
    Coupon,
    Footer,
    Header,
    Heading,
    Image,
    Paragraphs,
    Push,
    Recommendations,
    Sms,
    Social,
)
from .blocks.social import NETWORKS
from .mail.look import Look
from .mail.tokens import without_markup

_PRODUCT = (
    "{%% for product in %s %%}- {{ product.name }}"
    '{%% if product.cost != "" %%}, {{ product.cost }}{%% endif %%}'
    "%s"
    '{%% if product.link != "" %%}\n  {{ product.link }}{%% endif %%}\n'
    "{%% endfor %%}"
)


def plain_text(blocks: Sequence[Block], look: Look | None = None) -> str:
    """Return the text part as a Liquid template, blocks separated by empty lines."""
    return _joined(blocks, look or Look()) + "\n"


def _joined(blocks: Sequence[Block], look: Look) -> str:
    return "\n\n".join(part for block in blocks if (part := _shown(block, look).strip()))


def _shown(block: Block, look: Look) -> str:
    part = _part(block, look).strip()
    if part and block.only is not None:
        return f"{block.only.opening}{part}{block.only.closing}"
    return part


def _part(block: Block, look: Look) -> str:
    match block:
        case Header():
            return block.title
        case Heading():
            return block.text
        case Paragraphs():
            return without_markup(block.text)
        case Button():
            return f"{block.label}: {block.url}"
        case Image():
            return block.alt + (f": {block.link}" if block.link else "")
        case Recommendations():
            reason = " ({{ product.reason }})" if block.reasons else ""
            rows = _PRODUCT % (f"products limit: {block.count}", reason)
            return f"{{% if products.size > 0 %}}{block.title}\n{rows}{{% endif %}}"
        case Bundle():
            bundle = f"bundles.{block.id}"
            total = f"{{{{ {bundle}.total | money: {bundle}.currency }}}}"
            leads = f"\n{block.label}: {block.url}" if block.label and block.url else ""
            return (
                f"{{% if {bundle}.products.size > 0 %}}{block.title}\n"
                f"{_PRODUCT % (f'{bundle}.products', '')}= {total} {block.text}{leads}{{% endif %}}"
            )
        case Coupon():
            return "\n".join(
                [block.label, "", "    {{ coupon.code }}", "", block.note, "{{ coupon.expires | until }}"]
            )
        case Columns():
            return "\n\n".join(part for column in block.columns if (part := _joined(column, look)))
        case Conditional():
            other = _joined(block.otherwise, look)
            between = f"{{% else %}}{other}" if other else ""
            return f"{block.when.opening}{_joined(block.blocks, look)}{between}{block.when.closing}"
        case Social():
            return "\n".join(f"{NETWORKS[network]}: {url}" for network, url in block.links or look.social)
        case Footer():
            own = [without_markup(words) for words in (block.text, look.footer) if words.strip()]
            view = '{% if view_url != "" %}{{ footer.view }}: {{ view_url }}\n{% endif %}'
            return "\n".join(
                [
                    "--",
                    *own,
                    "{{ footer.why }}",
                    "{{ footer.unsubscribe }}: {{ unsubscribe_url }}",
                    "{{ footer.preferences }}: {{ preferences_url }}",
                    (view if block.browser else "") + "{{ shop.address }}",
                ]
            )
    return ""


def short_text(blocks: Sequence[Block]) -> str:
    """Return what a channel without pictures says, as a Liquid template: no header, footer or addresses.

    An SMS, a push or an on-site message says who it is from, and how to stop it, by other means.
    """
    return "\n".join(part for block in blocks if (part := _short(block).strip()))


def _short(block: Block) -> str:
    match block:
        case Sms() | Push() | Heading():
            made = block.text
        case Paragraphs():
            made = without_markup(block.text)
        case Recommendations():
            made = (
                f"{block.title} {{% for product in products limit: {block.count} %}}{{{{ product.name }}}}"
                "{% unless forloop.last %}, {% endunless %}{% endfor %}"
            )
        case Coupon():
            made = f"{block.label} {{{{ coupon.code }}}}"
        case Conditional():
            made = f"{block.when.opening}{short_text(block.blocks)}{block.when.closing}"
        case _:
            return ""
    return f"{block.only.opening}{made}{block.only.closing}" if block.only and made else made


def first_url(blocks: Sequence[Block]) -> str:
    """Return where the first button (else image) leads, as a Liquid template; empty without one."""
    urls = [block.url for block in blocks if isinstance(block, Button | Push)]
    urls += [block.link for block in blocks if isinstance(block, Image) and block.link]
    return next((url for url in urls if url), "")


def first_image(blocks: Sequence[Block]) -> str:
    """Return the first image's address, as a Liquid template; empty without one."""
    pictures = [block.url for block in blocks if isinstance(block, Image)]
    pictures += [block.image for block in blocks if isinstance(block, Push)]
    return next((url for url in pictures if url), "")


class _Reader(HTMLParser):
    """Takes the words and links out of a document."""

    _SILENT = frozenset({"style", "script", "head", "title"})
    _BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "hr"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in self._SILENT:
            self._silent += 1
        elif tag in self._BREAKS:
            self.parts.append("\n")
        elif tag == "img":
            self.parts.append(found.get("alt") or "")
        elif tag == "a":
            self._links.append(found.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in self._BREAKS:
            self.parts.append("\n")
        elif tag == "a" and self._links and (leads := self._links.pop()):
            self.parts.append(f" ({leads})")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def text_of_html(source: str) -> str:
    """Return the words of a document with their links, for its text part; Liquid stays where it is."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    lines = [line.strip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
