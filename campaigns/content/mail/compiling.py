"""Blocks → MJML → HTML, once per version and language; what differs by person stays Liquid.

Every Liquid tag is swapped for a token before the MJML is written and put back after `mrml` has made
HTML of it, so neither the escaping nor the mail compiler ever sees it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mrml

from ..blocks import Block
from ..blocks.kinds import Footer, Imported
from ..liquid import TemplateInvalid
from ..text import plain_text, text_of_html
from .look import FONTS, Look
from .pen import GUTTER
from .tokens import Tokens
from .writing import Writer

#: Fills the line that mail programs show after the subject, so that nothing of the mail follows in it.
_FILLER = "&#8199;&#847; " * 60


@dataclass(frozen=True, slots=True)
class Compiled:
    """A mail's two parts as Liquid templates."""

    html: str
    text: str


def compile_blocks(
    blocks: Sequence[Block], *, preheader: str, look: Look | None = None, marks: bool = False
) -> Compiled:
    """Return the HTML and text part. About 2 ms.

    A footer with the unsubscribe link and the postal address is added where there is none: no
    marketing mail goes without. An imported document is returned as it is, byte for byte.
    """
    look = look or Look()
    if isinstance(blocks[0], Imported):
        return Compiled(blocks[0].html, text_of_html(blocks[0].html))
    if not any(isinstance(block, Footer) for block in blocks):
        blocks = [*blocks, Footer(id="footer")]
    tokens = Tokens()
    writer = Writer(look, tokens, marks=marks)
    source = _document(writer, blocks, preheader)
    try:
        output = mrml.to_html(source, None, mrml.RenderOptions(fonts={}))
    except OSError as error:
        raise TemplateInvalid(str(error)) from error
    return Compiled(tokens.show(output.content), plain_text(blocks, look))


def _document(writer: Writer, blocks: Sequence[Block], preheader: str) -> str:
    look = writer.look
    body = "".join(writer.section(block) for block in blocks)
    direction = ' direction="rtl"' if look.rtl else ""
    turned = f"<mj-section{direction}/><mj-column{direction}/>" if look.rtl else ""
    hidden = f"{writer.tokens.hide(preheader)}{writer.tokens.tag(_FILLER)}" if preheader else ""
    return (
        f'<mjml lang="{look.locale}" dir="{"rtl" if look.rtl else "ltr"}"><mj-head>'
        f"<mj-title>{writer.tokens.tag('{{ shop.name }}')}</mj-title>"
        f"<mj-preview>{hidden}</mj-preview>"
        f'<mj-attributes><mj-all font-family="{FONTS[look.font]}"/>'
        f'<mj-text color="{look.ink}" font-size="16px" line-height="1.55" align="{look.start}" '
        f'padding="8px {GUTTER}px"/>'
        f'<mj-section background-color="{look.paper}" padding="0"{direction}/>{turned}</mj-attributes>'
        f"<mj-style>{look.styles}</mj-style></mj-head>"
        f'<mj-body width="600px" background-color="{look.ground}" css-class="rp-body">{body}</mj-body></mjml>'
    )
