"""Products in a mail: chosen for each person, or a bundle. What the catalogue lacks leaves no hole."""

from ..blocks.kinds import Bundle, Recommendations
from .pen import GUTTER, Pen

_LINKED = (
    '{% if product.link != "" %}<a href="{{ product.link }}" style="color:inherit;text-decoration:none">'
    "{{ product.name }}</a>{% else %}{{ product.name }}{% endif %}"
)
_PRICE = "{{ product.cost }}"


def recommended(pen: Pen, block: Recommendations) -> str:
    """Return the recommended products under their headline, all of it left out where there are none."""
    rows = _grid(pen, block) if block.layout == "grid" else _rows(pen, block)
    return (
        pen.raw("{% if products.size > 0 %}")
        + pen.paper(pen.heading(pen.tokens.hide(block.title), size=20, padding="20px"))
        + rows
        + pen.paper('<mj-spacer height="14px"/>')
        + pen.raw("{% endif %}")
    )


def _grid(pen: Pen, block: Recommendations) -> str:
    """Two beside each other, on a phone as well. Outlook's own table gets a new row after each pair."""
    side = GUTTER - 12
    pair = (
        "{% unless forloop.last %}{% assign odd = forloop.index | modulo: 2 %}"
        "{% if odd == 0 %}<!--[if mso | IE]></tr><tr><![endif]-->{% endif %}{% endunless %}"
    )
    return (
        f'<mj-section css-class="rp-paper" padding="0 {side}px" text-align="{pen.look.start}"><mj-group>'
        + pen.raw(f"{{% for product in products limit: {block.count} %}}")
        + f'<mj-column width="50%">{_picture(pen, "12px 12px 0", 248)}'
        + _words(pen, block, "8px 12px 12px")
        + "</mj-column>"
        + pen.raw(pair + "{% endfor %}")
        + "</mj-group></mj-section>"
    )


def _rows(pen: Pen, block: Recommendations) -> str:
    """Picture beside the words, one product a row."""
    start, gutter = pen.look.start, GUTTER
    side = f"8px 0 8px {gutter}px" if start == "left" else f"8px {gutter}px 8px 0"
    return (
        pen.raw(f"{{% for product in products limit: {block.count} %}}")
        + '<mj-section css-class="rp-paper" padding="0"><mj-group>'
        + f'<mj-column width="30%" vertical-align="middle">{_picture(pen, side, 140)}</mj-column>'
        + '<mj-column width="70%" vertical-align="middle">'
        + _words(pen, block, f"6px {gutter}px 6px 16px")
        + "</mj-column>"
        + "</mj-group></mj-section>"
        + pen.raw("{% endfor %}")
    )


def _picture(pen: Pen, padding: str, width: int) -> str:
    """Return the picture; a tile with the first letter where the catalogue has none."""
    tokens, look = pen.tokens, pen.look
    source, name = tokens.tag("{{ product.picture }}"), tokens.tag("{{ product.name }}")
    leads = tokens.tag('{% if product.link != "" %}{{ product.link }}{% else %}{{ shop.url }}{% endif %}')
    initial = tokens.tag("{{ product.initial }}")
    height = round(width * 0.56)
    return (
        pen.raw('{% if product.picture != "" %}')
        + f'<mj-image src="{source}" alt="{name}" href="{leads}" width="{width}px" '
        f'border-radius="{look.radius}px" padding="{padding}"/>'
        + pen.raw("{% else %}")
        + f'<mj-text css-class="rp-tile" padding="{padding}"><div style="background-color:{look.tint};'
        f"border-radius:{look.radius}px;height:{height}px;line-height:{height}px;text-align:center;"
        f"font-size:{max(22, height // 3)}px;font-weight:700;"
        f'color:{look.accent_text}">{initial}</div></mj-text>' + pen.raw("{% endif %}")
    )


def _words(pen: Pen, block: Recommendations, padding: str) -> str:
    tokens, look = pen.tokens, pen.look
    name = tokens.tag(_LINKED)
    lines = [f'<span style="font-weight:600">{name}</span>']
    if block.prices:
        lines.append(tokens.tag(_PRICE))
    words = "<br />".join(lines)
    cells = (
        f'<mj-text css-class="rp-ink" font-size="15px" line-height="1.4" align="{look.start}" '
        f'padding="{padding}">{words}</mj-text>'
    )
    if block.reasons:
        top, *rest = padding.split()
        cells = cells.replace(
            f'padding="{padding}"', f'padding="{top} {rest[0]} 0 {rest[-1] if len(rest) > 2 else rest[0]}"'
        )
        under = f"2px {rest[0]} {rest[1]} {rest[-1] if len(rest) > 2 else rest[0]}"
        cells += (
            f'<mj-text css-class="rp-muted" color="{look.muted}" font-size="13px" line-height="1.4" '
            f'align="{look.start}" padding="{under}">{tokens.tag("{{ product.reason }}")}</mj-text>'
        )
    return cells


def bundled(pen: Pen, block: Bundle) -> str:
    """Return the bundle with its price in all; nothing when one of its products is not to be had."""
    tokens = pen.tokens
    bundle = f"bundles.{block.id}"
    total = tokens.tag(f"{{{{ {bundle}.total | money: {bundle}.currency }}}}")
    inner = (
        pen.paper(pen.heading(tokens.hide(block.title), size=20, padding="20px"))
        + f'<mj-section css-class="rp-paper" padding="0 {GUTTER - 8}px"><mj-group>'
        + pen.raw(f"{{% for product in {bundle}.products %}}")
        + f'<mj-column width="{100 / len(block.skus):.4g}%">{_picture(pen, "8px", 160)}'
        + '<mj-text css-class="rp-ink" font-size="14px" line-height="1.4" align="center" padding="6px 8px">'
        + f"{tokens.tag(_LINKED)}</mj-text></mj-column>"
        + pen.raw("{% endfor %}")
        + "</mj-group></mj-section>"
    )
    sum_ = f'<span style="font-weight:700;font-size:20px">{total}</span>'
    saving = f"<br />{tokens.hide(block.text)}" if block.text else ""
    cells = f'<mj-text css-class="rp-ink" align="center" padding="6px {GUTTER}px">{sum_}{saving}</mj-text>'
    if block.label and block.url:
        cells += pen.button(
            tokens.hide(block.label), tokens.hide(block.url), "center", f"10px {GUTTER}px 20px"
        )
    return (
        pen.raw(f"{{% if {bundle}.products.size > 0 %}}") + inner + pen.paper(cells) + pen.raw("{% endif %}")
    )
