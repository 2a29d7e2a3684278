"""How each block looks: MJML, good at 375 and 640 px, in light and dark."""

from collections.abc import Sequence
from functools import singledispatchmethod

from ..blocks import Block
from ..blocks.kinds import (
    Bundle,
    Button,
    Columns,
    Conditional,
    Coupon,
    Divider,
    Footer,
    Header,
    Heading,
    Image,
    Paragraphs,
    Recommendations,
    Social,
    Spacer,
)
from ..blocks.social import NETWORKS
from . import products
from .look import FONTS, Look
from .pen import GUTTER, Pen
from .tokens import Tokens


class Writer(Pen):
    """Writes the blocks of one mail in one look. `marks` puts an anchor before each block, for previews."""

    def __init__(self, look: Look, tokens: Tokens, *, marks: bool = False) -> None:
        super().__init__(look, tokens)
        self.marks = marks

    def section(self, block: Block) -> str:
        """Return a block as sections of the mail, shown to whom it is for."""
        made = self._sections(block)
        if block.only is not None:
            made = self._guarded(block.only.opening, made, block.only.closing)
        mark = f'<mj-raw><a id="rp-{block.id}" class="rp-mark"></a></mj-raw>' if self.marks else ""
        return mark + made

    def _guarded(self, opening: str, inner: str, closing: str) -> str:
        return self.raw(opening) + inner + self.raw(closing)

    @singledispatchmethod
    def _sections(self, block: Block) -> str:
        return self.paper(self.cells(block))

    @_sections.register
    def _(self, block: Header) -> str:
        look = self.look
        band = block.style == "band"
        if block.logo and look.logo_url:
            inner = (
                f'<mj-image src="{self.tokens.hide(look.logo_url)}" alt="{self.tokens.hide(block.title)}" '
                f'width="{look.logo_width}px" align="center" padding="0 {GUTTER}px"/>'
            )
        else:
            colour = look.on_accent if band else look.accent_text
            inner = (
                f'<mj-text css-class="{"rp-band" if band else "rp-accent"}" color="{colour}" '
                f'font-family="{FONTS[look.heading_font]}" font-size="17px" font-weight="700" '
                f'letter-spacing="1.5px" align="center" padding="0 {GUTTER}px">'
                f"{self.tokens.hide(block.title)}</mj-text>"
            )
        if band:
            return (
                f'<mj-section css-class="rp-band" background-color="{look.accent}" padding="24px 0">'
                f"<mj-column>{inner}</mj-column></mj-section>"
            )
        return self.paper(inner, "24px 0 8px")

    @_sections.register
    def _(self, block: Columns) -> str:
        # A gutter of half the usual one on both sides, so that the outer edges line up with the rest.
        columns = "".join(
            f'<mj-column width="{100 / len(block.columns):.4g}%">'
            + "".join(self._cell_for(inner) for inner in column)
            + "</mj-column>"
            for column in block.columns
        )
        return f'<mj-section css-class="rp-paper" padding="0">{columns}</mj-section>'

    @_sections.register
    def _(self, block: Conditional) -> str:
        inner = "".join(self.section(one) for one in block.blocks)
        if block.otherwise:
            inner += self.raw("{% else %}") + "".join(self.section(one) for one in block.otherwise)
        return self._guarded(block.when.opening, inner, block.when.closing)

    @_sections.register
    def _(self, block: Recommendations) -> str:
        return products.recommended(self, block)

    @_sections.register
    def _(self, block: Bundle) -> str:
        return products.bundled(self, block)

    @_sections.register
    def _(self, block: Footer) -> str:
        tokens, look = self.tokens, self.look
        leave, choose, view = (
            f'<a href="{tokens.tag(f"{{{{ {url} | safe_url }}}}")}">{tokens.tag(f"{{{{ {words} }}}}")}</a>'
            for url, words in (
                ("unsubscribe_url", "footer.unsubscribe"),
                ("preferences_url", "footer.preferences"),
                ("view_url", "footer.view"),
            )
        )
        own = [tokens.rich(words) for words in (block.text, look.footer) if words.strip()]
        lines = [*own, tokens.tag("{{ footer.why }}"), f"{leave} · {choose}"]
        if block.browser:
            shown = tokens.tag('{% if view_url != "" %}'), tokens.tag("{% endif %}")
            lines[-1] += f"{shown[0]} · {view}{shown[1]}"
        lines.append(tokens.tag("{{ shop.address }}"))
        return (
            f'<mj-section css-class="rp-ground" background-color="{look.ground}" padding="20px 0 28px">'
            f'<mj-column><mj-text css-class="rp-ground" color="{look.muted}" font-size="13px" align="center" '
            f'line-height="1.6" padding="0 {GUTTER}px">{"<br />".join(lines)}</mj-text>'
            "</mj-column></mj-section>"
        )

    def _cell_for(self, block: Block) -> str:
        made = self.cells(block)
        if block.only is None:
            return made
        return self._guarded(block.only.opening, made, block.only.closing)

    @singledispatchmethod
    def cells(self, block: Block) -> str:
        """Return a block as it stands in a column."""
        raise TypeError(f"{block.kind} does not stand in a column.")

    @cells.register
    def _(self, block: Heading) -> str:
        size = 28 if block.size == "large" else 20
        return self.heading(self.tokens.hide(block.text), size=size, align=self._align(block.align))

    @cells.register
    def _(self, block: Paragraphs) -> str:
        parts = [part.strip("\n") for part in block.text.split("\n\n") if part.strip()]
        return "".join(
            f'<mj-text css-class="rp-ink" align="{self._align(block.align)}">'
            f"{self.tokens.rich(part)}</mj-text>"
            for part in parts
        )

    @cells.register
    def _(self, block: Button) -> str:
        label, url = self.tokens.hide(block.label), self.tokens.hide(block.url)
        return self.button(label, url, self._align(block.align), f"14px {GUTTER}px 22px")

    @cells.register
    def _(self, block: Image) -> str:
        link = f' href="{self.tokens.hide(block.link)}"' if block.link else ""
        width = {"half": ' width="280px"'}.get(block.width, "")
        padding = "0" if block.width == "full" else f"12px {GUTTER}px"
        radius = 0 if block.width == "full" else self.look.radius
        return (
            f'<mj-image src="{self.tokens.hide(block.url)}" alt="{self.tokens.hide(block.alt)}"{link}{width} '
            f'border-radius="{radius}px" padding="{padding}"/>'
        )

    @cells.register
    def _(self, block: Coupon) -> str:
        look, tokens = self.look, self.tokens
        code, until = tokens.tag("{{ coupon.code }}"), tokens.tag("{{ coupon.expires | until }}")
        note = f"{tokens.hide(block.note)}<br />" if block.note else ""
        return (
            self.small(tokens.hide(block.label), f"16px {GUTTER}px 4px", "center")
            + f'<mj-text css-class="rp-code" padding="4px {GUTTER}px">'
            f'<div style="border:2px dashed {look.accent_text};border-radius:{look.radius}px;'
            f"background-color:{look.tint};padding:16px;font-family:ui-monospace,Menlo,Consolas,monospace;"
            f"font-size:26px;line-height:1.3;font-weight:700;letter-spacing:2px;text-align:center;direction:ltr;"
            f'color:{look.ink}">{code}</div></mj-text>'
            + self.small(f"{note}{until}", f"6px {GUTTER}px 12px", "center")
        )

    @cells.register
    def _(self, block: Divider) -> str:
        return (
            f'<mj-divider css-class="rp-line" border-width="1px" border-color="{self.look.line}" '
            f'padding="14px {GUTTER}px"/>'
        )

    @cells.register
    def _(self, block: Spacer) -> str:
        return f'<mj-spacer height="{block.height}px"/>'

    @cells.register
    def _(self, block: Social) -> str:
        links: Sequence[tuple[str, str]] = block.links or self.look.social
        if not links:
            return ""
        anchors = " &nbsp;·&nbsp; ".join(
            f'<a href="{self.tokens.hide(url)}" style="font-weight:600;text-decoration:none">'
            f"{NETWORKS[network]}</a>"
            for network, url in links
        )
        return self.small(anchors, f"14px {GUTTER}px", "center")

    def _align(self, name: str) -> str:
        return "center" if name == "center" else self.look.start
