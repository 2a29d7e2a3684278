"""The parts that all blocks are written of."""

from .look import FONTS, Look
from .tokens import Tokens

#: The margin on both sides of what is on the paper, in pixels.
GUTTER = 28


class Pen:
    """Writes MJML in one look."""

    def __init__(self, look: Look, tokens: Tokens) -> None:
        self.look, self.tokens = look, tokens

    def raw(self, liquid: str) -> str:
        """Return Liquid that stands between parts."""
        return f"<mj-raw>{self.tokens.tag(liquid)}</mj-raw>"

    def paper(self, cells: str, padding: str = "0") -> str:
        """Return a section of one column."""
        return (
            f'<mj-section css-class="rp-paper" padding="{padding}">'
            f"<mj-column>{cells}</mj-column></mj-section>"
        )

    def heading(self, text: str, *, size: int, align: str = "", padding: str = "16px") -> str:
        """Return a headline of an already hidden text."""
        return (
            f'<mj-text css-class="rp-ink" font-family="{FONTS[self.look.heading_font]}" font-size="{size}px" '
            f'line-height="1.25" font-weight="700" align="{align or self.look.start}" '
            f'padding="{padding} {GUTTER}px 4px">{text}</mj-text>'
        )

    def small(self, text: str, padding: str, align: str = "") -> str:
        """Return a line of what matters less."""
        return (
            f'<mj-text css-class="rp-muted" color="{self.look.muted}" font-size="14px" '
            f'align="{align or self.look.start}" padding="{padding}">{text}</mj-text>'
        )

    def button(self, label: str, url: str, align: str, padding: str) -> str:
        """Return a button of already hidden texts."""
        return (
            f'<mj-button href="{url}" background-color="{self.look.accent}" color="{self.look.on_accent}" '
            f'border-radius="{self.look.radius}px" font-size="16px" font-weight="600" '
            f'inner-padding="13px 28px" align="{align}" padding="{padding}">{label}</mj-button>'
        )
