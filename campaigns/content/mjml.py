"""How each block looks: MJML, good at 375 and 640 px, in light and dark."""

from typing import Protocol

from .blocks import Block
from .text import UNTIL

FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans SC', sans-serif"
_INK, _MUTED, _PAPER, _GROUND, _ACCENT, _LINE = (
    "#0f172a", "#475569", "#ffffff", "#f1f5f9", "#0f766e", "#e2e8f0",
)  # fmt: skip
_DARK = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
a { color: #0f766e; }
.rp-muted a { color: #475569; }
@media (prefers-color-scheme: dark) {
  body, .rp-ground, .rp-ground > table { background-color: #0f172a !important; }
  .rp-paper, .rp-paper > table { background-color: #1e293b !important; }
  .rp-ink div, .rp-ink a { color: #f1f5f9 !important; }
  .rp-muted div, .rp-muted a { color: #cbd5e1 !important; }
  .rp-accent div, .rp-accent a { color: #5eead4 !important; }
  .rp-code div { color: #f1f5f9 !important; background-color: #134e4a !important; }
  .rp-code div { border-color: #2dd4bf !important; }
  .rp-line p { border-top-color: #475569 !important; }
}
"""


class Hider(Protocol):
    """What hides Liquid from the mail compiler."""

    def hide(self, text: str) -> str:
        """Escape a text with its Liquid hidden."""

    def tag(self, tag: str) -> str:
        """Hide one tag."""


def document(blocks: list[Block], preheader: str, tokens: Hider) -> str:
    """Return the whole mail as MJML."""
    body = "".join(_WRITERS[block.kind](block, tokens) for block in blocks)
    return (
        "<mjml><mj-head>"
        f"<mj-preview>{tokens.hide(preheader)}</mj-preview>"
        f'<mj-attributes><mj-all font-family="{FONT}"/>'
        f'<mj-text color="{_INK}" font-size="16px" line-height="1.5" padding="8px 24px"/>'
        f'<mj-section background-color="{_PAPER}" padding="0"/></mj-attributes>'
        f"<mj-style>{_DARK}</mj-style></mj-head>"
        f'<mj-body width="600px" background-color="{_GROUND}" css-class="rp-ground">{body}</mj-body></mjml>'
    )


def _section(content: str, padding: str = "0") -> str:
    return (
        f'<mj-section css-class="rp-paper" padding="{padding}"><mj-column>{content}</mj-column></mj-section>'
    )


def _header(block: Block, tokens: Hider) -> str:
    return _section(
        f'<mj-text css-class="rp-accent" color="{_ACCENT}" font-size="18px" font-weight="700">'
        f"{tokens.hide(block['title'])}</mj-text>",
        "20px 0 4px",
    )


def _heading(block: Block, tokens: Hider) -> str:
    return _section(
        '<mj-text css-class="rp-ink" font-size="26px" line-height="1.25" font-weight="700" '
        'padding="12px 24px 4px">'
        f"{tokens.hide(block['text'])}</mj-text>"
    )


def _text(block: Block, tokens: Hider) -> str:
    paragraphs = [part for part in block["text"].split("\n\n") if part.strip()]
    return _section(
        "".join(
            f'<mj-text css-class="rp-ink">{tokens.hide(part.strip()).replace(chr(10), "<br />")}</mj-text>'
            for part in paragraphs
        )
    )


def _button(block: Block, tokens: Hider) -> str:
    return _section(
        f'<mj-button href="{tokens.hide(block["url"])}" background-color="{_ACCENT}" color="#ffffff" '
        'border-radius="8px" font-size="16px" font-weight="600" inner-padding="13px 26px" align="left" '
        f'padding="12px 24px 20px">{tokens.hide(block["label"])}</mj-button>'
    )


def _image(block: Block, tokens: Hider) -> str:
    link = f' href="{tokens.hide(block["link"])}"' if block["link"] else ""
    return _section(
        f'<mj-image src="{tokens.hide(block["url"])}" alt="{tokens.hide(block["alt"])}"{link} '
        'border-radius="8px" padding="12px 24px"/>'
    )


def _recommendations(block: Block, tokens: Hider) -> str:
    """One row a product; picture and link only where the catalogue has them."""
    name = (
        tokens.tag('{% if product.url != "" %}<a href="{{ product.url | safe_url }}" style="color:inherit">')
        + tokens.tag("{% endif %}{{ product.name }}")
        + tokens.tag('{% if product.url != "" %}</a>{% endif %}')
    )
    pictured = tokens.tag('{% if product.image_url != "" %}')
    image, alt = tokens.tag("{{ product.image_url | safe_url }}"), tokens.tag("{{ product.name }}")
    picture = (
        f"<mj-raw>{pictured}</mj-raw>"
        f'<mj-image src="{image}" alt="{alt}" width="120px" align="left" border-radius="8px" '
        'padding="8px 24px 0"/>'
        f"<mj-raw>{tokens.tag('{% endif %}')}</mj-raw>"
    )
    price = tokens.tag('{% if product.price != "" %}{{ product.price | money: product.currency }}{% endif %}')
    return (
        _section(
            '<mj-text css-class="rp-ink" font-size="18px" font-weight="700" padding="16px 24px 4px">'
            f"{tokens.hide(block['title'])}</mj-text>"
        )
        + f"<mj-raw>{tokens.tag(f'{{% for product in products limit: {block.count} %}}')}</mj-raw>"
        + '<mj-section css-class="rp-paper" padding="6px 0"><mj-group>'
        + f'<mj-column width="70%">{picture}'
        + f'<mj-text css-class="rp-ink" font-weight="600" padding="4px 8px 0 24px">{name}</mj-text>'
        + f'<mj-text css-class="rp-muted" color="{_MUTED}" font-size="14px" padding="0 8px 4px 24px">'
        + f"{tokens.tag('{{ product.reason }}')}</mj-text></mj-column>"
        + f'<mj-column width="30%"><mj-text css-class="rp-ink" align="right" padding="4px 24px 0 0">{price}'
        + "</mj-text></mj-column></mj-group></mj-section>"
        + f"<mj-raw>{tokens.tag('{% endfor %}')}</mj-raw>"
        + _section('<mj-spacer height="12px"/>')
    )


def _coupon(block: Block, tokens: Hider) -> str:
    code = tokens.tag("{{ coupon.code }}")
    until = tokens.tag(UNTIL)
    return _section(
        f'<mj-text css-class="rp-muted" color="{_MUTED}" font-size="14px" padding="16px 24px 4px">'
        f"{tokens.hide(block['label'])}</mj-text>"
        '<mj-text css-class="rp-code" padding="4px 24px">'
        '<div style="border:2px dashed #0f766e;border-radius:10px;background-color:#f6f4ff;padding:14px 16px;'
        "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:24px;line-height:1.3;font-weight:700;"
        f'letter-spacing:2px;text-align:center;color:#0f172a">{code}</div></mj-text>'
        f'<mj-text css-class="rp-muted" color="{_MUTED}" font-size="14px" padding="4px 24px 12px">'
        f"{until}</mj-text>"
    )


def _divider(block: Block, tokens: Hider) -> str:
    return _section(
        f'<mj-divider css-class="rp-line" border-width="1px" border-color="{_LINE}" padding="12px 24px"/>'
    )


def _footer(block: Block, tokens: Hider) -> str:
    words = tokens.hide(block["text"]) if block["text"] else ""
    # The wording comes with the recipient's language: campaigns.personal.
    why = tokens.tag("{{ footer.why }}")
    leave = tokens.tag("{{ unsubscribe_url | safe_url }}"), tokens.tag("{{ footer.unsubscribe }}")
    choose = tokens.tag("{{ preferences_url | safe_url }}"), tokens.tag("{{ footer.preferences }}")
    links = " · ".join(f'<a href="{address}">{label}</a>' for address, label in (leave, choose))
    own = f"{words}<br />" if words else ""
    return (
        '<mj-section css-class="rp-ground" background-color="#f1f5f9" padding="16px 0 24px"><mj-column>'
        f'<mj-text css-class="rp-muted" color="{_MUTED}" font-size="13px">'
        f"{own}{why}<br />{links}<br />{tokens.tag('{{ shop.address }}')}</mj-text>"
        "</mj-column></mj-section>"
    )


_WRITERS = {
    "header": _header,
    "heading": _heading,
    "text": _text,
    "button": _button,
    "image": _image,
    "recommendations": _recommendations,
    "coupon": _coupon,
    "divider": _divider,
    "footer": _footer,
}
