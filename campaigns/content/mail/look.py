"""A brand's looks as the writers of blocks use them, in light and dark."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..colours import mixed, readable, text_on

#: Font stacks of faces that computers, phones and mail clients have themselves: nothing is loaded.
FONTS: Mapping[str, str] = {
    "system": "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', 'PingFang SC', "
    "'Microsoft YaHei', 'Noto Sans SC', sans-serif",
    "helvetica": "'Helvetica Neue', Helvetica, Arial, 'PingFang SC', 'Microsoft YaHei', sans-serif",
    "georgia": "Georgia, 'Times New Roman', 'Songti SC', SimSun, 'Noto Serif SC', serif",
    "palatino": "'Palatino Linotype', Palatino, 'Book Antiqua', Georgia, 'Songti SC', SimSun, serif",
    "verdana": "Verdana, Geneva, 'PingFang SC', 'Microsoft YaHei', sans-serif",
    "trebuchet": "'Trebuchet MS', 'Lucida Grande', Tahoma, 'PingFang SC', 'Microsoft YaHei', sans-serif",
    "courier": "'Courier New', Courier, 'PingFang SC', SimSun, monospace",
}
#: Languages that are written from right to left.
RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_DARK_PAPER, _DARK_GROUND, _DARK_INK, _DARK_MUTED, _DARK_LINE = (
    "#1e293b", "#0f172a", "#f1f5f9", "#cbd5e1", "#475569",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """Colours as `#rrggbb`, fonts by name, sizes in pixels; the language says the direction."""

    accent: str = "#0f766e"
    ink: str = "#0f172a"
    paper: str = "#ffffff"
    ground: str = "#f1f5f9"
    font: str = "system"
    heading_font: str = "system"
    radius: int = 8
    logo_url: str = ""
    logo_width: int = 140
    footer: str = ""
    social: tuple[tuple[str, str], ...] = field(default=())
    locale: str = "en"

    @property
    def rtl(self) -> bool:
        """Say whether it is written from right to left."""
        return self.locale.partition("-")[0] in RIGHT_TO_LEFT

    @property
    def start(self) -> str:
        """Return the side where lines begin."""
        return "right" if self.rtl else "left"

    @property
    def end(self) -> str:
        """Return the other side."""
        return "left" if self.rtl else "right"

    @property
    def on_accent(self) -> str:
        """Return the colour of text on the accent."""
        return text_on(self.accent)

    @property
    def muted(self) -> str:
        """Return the colour of what matters less, readable on the paper as on the ground."""
        return readable(readable(mixed(self.ink, self.paper, 0.35), self.ground), self.paper)

    @property
    def line(self) -> str:
        """Return the colour of thin lines."""
        return mixed(self.paper, self.ink, 0.12)

    @property
    def tint(self) -> str:
        """Return a breath of the accent, for surfaces."""
        return mixed(self.paper, self.accent, 0.08)

    @property
    def accent_text(self) -> str:
        """Return the accent as text on the paper."""
        return readable(self.accent, self.paper)

    @property
    def styles(self) -> str:
        """Return the style sheet: links, and the dark side for clients that ask for it."""
        accent = readable(self.accent, _DARK_PAPER)
        tint = mixed(_DARK_PAPER, self.accent, 0.3)
        return f"""
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
a {{ color: {self.accent_text}; }}
.rp-muted a {{ color: {self.muted}; }}
.rp-ground a {{ color: {readable(self.muted, self.ground)}; }}
.rp-band a, .rp-band div {{ color: {self.on_accent}; }}
@media (prefers-color-scheme: dark) {{
  body, .rp-body, .rp-ground, .rp-ground > table {{ background-color: {_DARK_GROUND} !important; }}
  .rp-paper, .rp-paper > table {{ background-color: {_DARK_PAPER} !important; }}
  .rp-ink div, .rp-ink a {{ color: {_DARK_INK} !important; }}
  .rp-ink .rp-link, .rp-accent div, .rp-accent a {{ color: {accent} !important; }}
  .rp-muted div, .rp-muted a, .rp-ground div, .rp-ground a {{ color: {_DARK_MUTED} !important; }}
  .rp-code div {{ color: {_DARK_INK} !important; background-color: {tint} !important; }}
  .rp-code div {{ border-color: {accent} !important; }}
  .rp-tile div {{ color: {_DARK_INK} !important; background-color: {tint} !important; }}
  .rp-line p {{ border-top-color: {_DARK_LINE} !important; }}
}}
"""
