"""The members a block may have: how each is read, and what the editor shows for it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from ..filters import is_safe_url
from ..liquid import TemplateInvalid

LONGEST_TEXT = 20_000
LONGEST_HTML = 500_000
LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
#: `[words](https://address)`; what leads nowhere stays the text it is.
LINK = re.compile(r"\[([^\]\n]+)\]\(((?:\{\{[^{}]*\}\}|https?:|mailto:|tel:)(?:\{\{[^{}]*\}\}|[^)\s{}])*)\)")
_ONE_OUTPUT = re.compile(r"\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
_SKU = re.compile(r"[^\0\n\r{}%]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a block: its label, and what it is when left out. Without `default` it must be there."""

    label: Any
    hint: Any = ""
    default: Any = None
    required: bool = False
    #: Whether a translation may say it differently.
    said: bool = False

    def read(self, value: Any, path: str) -> Any:
        """Return the checked value. Raises TemplateInvalid with the place."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """Return what the editor needs to know."""
        return {
            "type": type(self).__name__.lower(),
            "label": str(self.label),
            "hint": str(self.hint),
            "required": self.required,
            "said": self.said,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Member):
    """Words, which may hold Liquid."""

    said: bool = True
    lines: bool = False
    longest: int = LONGEST_TEXT

    def read(self, value: Any, path: str) -> str:
        """Return the words as they were written."""
        if not isinstance(value, str) or len(value) > self.longest or "\0" in value:
            raise invalid(path, _("Write a text."))
        return value

    def describe(self) -> dict[str, Any]:
        """Add whether it has several lines."""
        return {**Member.describe(self), "lines": self.lines}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rich(Text):
    """Words with a little markup; the addresses of its links are checked."""

    lines: bool = True

    def read(self, value: Any, path: str) -> str:
        """Return the words as they were written."""
        text = Text.read(self, value, path)
        for link in LINK.finditer(text):
            address(link[2], path)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Html(Text):
    """A whole HTML document, kept byte for byte."""

    said: bool = True
    longest: int = LONGEST_HTML


@dataclass(frozen=True, slots=True, kw_only=True)
class Url(Member):
    """An address; what data put into it is checked again when it is rendered."""

    said: bool = True
    picture: bool = False

    def read(self, value: Any, path: str) -> str:
        """Return the checked address."""
        if not isinstance(value, str) or len(value) > 2_000 or "\0" in value:
            raise invalid(path, _("Write a text."))
        return address(value, path) if value or self.required else ""

    def describe(self) -> dict[str, Any]:
        """Add whether a picture may be uploaded for it."""
        return {**Member.describe(self), "picture": self.picture}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Member):
    """A whole number within limits."""

    least: int = 1
    most: int = 12

    def read(self, value: Any, path: str) -> int:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            raise invalid(
                path,
                _("Write a number from %(least)d to %(most)d.") % {"least": self.least, "most": self.most},
            )
        return value

    def describe(self) -> dict[str, Any]:
        """Add the limits."""
        return {**Member.describe(self), "least": self.least, "most": self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Member):
    """One of a few."""

    choices: Sequence[tuple[str, Any]] = ()

    def read(self, value: Any, path: str) -> str:
        """Return the choice."""
        names = [name for name, _label in self.choices]
        if value not in names:
            raise invalid(path, _("There are: %(names)s.") % {"names": ", ".join(names)})
        return str(value)

    def describe(self) -> dict[str, Any]:
        """Add the choices."""
        return {**Member.describe(self), "choices": [[name, str(label)] for name, label in self.choices]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Member):
    """Yes or no."""

    def read(self, value: Any, path: str) -> bool:
        """Return it."""
        if not isinstance(value, bool):
            raise invalid(path, _("Write true or false."))
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Skus(Member):
    """Products of the shop by their sku."""

    most: int = 6

    def read(self, value: Any, path: str) -> tuple[str, ...]:
        """Return the skus, each once."""
        if not isinstance(value, list) or not 0 < len(value) <= self.most:
            raise invalid(path, _("Name 1 to %(most)d products.") % {"most": self.most})
        if not all(isinstance(sku, str) and _SKU.fullmatch(sku) for sku in value):
            raise invalid(path, _("Write the products' skus."))
        return tuple(dict.fromkeys(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(Member):
    """A member with a reader of its own: conditions, blocks within blocks, social links."""

    reader: Callable[[Any, str], Any] = field(default=lambda value, path: value)
    type: str = ""

    def read(self, value: Any, path: str) -> Any:
        """Return what the reader makes of it."""
        return self.reader(value, path)

    def describe(self) -> dict[str, Any]:
        """Name what the editor shows."""
        return {**Member.describe(self), "type": self.type}


def invalid(path: str, sentence: str) -> TemplateInvalid:
    """Return an error that names the place, as `blocks.2.url: …`."""
    return TemplateInvalid(f"{path}: {sentence}", path=path)


def address(url: str, path: str) -> str:
    """Return a checked address; one that comes from data as a whole is checked again when rendered."""
    url = url.strip()
    if whole := _ONE_OUTPUT.fullmatch(url):
        return f"{{{{{whole[1]}| safe_url }}}}" if "safe_url" not in whole[1] else url
    literal = LIQUID.sub("", url)
    first = LIQUID.search(url)
    # Scheme and host must be written out: data may only fill what comes behind.
    behind_host = first is None or re.match(r"https?://[^/?#]+[/?#]", url[: first.start()])
    if not is_safe_url(literal) or not behind_host or "{%" in url:
        raise invalid(path, _("Write an address that begins with https:// (or mailto:, tel:)."))
    return url
